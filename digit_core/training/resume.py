"""Resume a training that was stopped, after its last whole epoch."""

import csv
import io
import zipfile
from pathlib import Path

import keras
import numpy as np

from digit_core.runs.checkpoints import CHECKPOINT, checkpoint_epoch
from digit_core.runs.config import TrainingConfig
from digit_core.storage.files import write_bytes
from digit_core.training.batches import MixedBatches

_SHORT = 2  # epochs; less than that is trained anew as quickly
_MONITORED = "val_loss"


class _TellPractice(keras.callbacks.Callback):
    """Deals the images of the epoch that begins, which after a stop is not the first one."""

    def __init__(self, batches: MixedBatches):
        super().__init__()
        self._practice = batches

    def on_epoch_begin(self, epoch, logs=None):
        self._practice.set_epoch(epoch)


class _LastingEarlyStopping(keras.callbacks.EarlyStopping):
    """Early stopping that a stop does not make forgetful; it stands behind the backup among the callbacks.

    Best value and patience follow from the history. The best weights are kept beside the
    backup, by epoch: the last two, since of the backup too the state before the last is kept.
    """

    def __init__(self, folder: Path, patience: int):
        super().__init__(_MONITORED, patience=patience, restore_best_weights=True)
        self._folder = folder

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        losses = _losses(self._folder)
        for epoch, value in enumerate(losses):
            super().on_epoch_end(epoch, {_MONITORED: value})
        self.model.stop_training = False
        if self.best_weights is None:
            return
        if kept := _kept(self._folder, self.best_epoch + 1):
            self.best_weights = kept
        elif self.best_epoch + 1 != len(losses):  # else they are those that the backup has just brought back
            super().on_train_begin(logs)  # a training stopped before best weights were kept

    def on_epoch_end(self, epoch, logs=None):
        before = self.best_weights
        super().on_epoch_end(epoch, logs)
        if self.best_weights is not before:
            self._keep(epoch + 1)

    def _keep(self, epoch: int) -> None:
        content = io.BytesIO()
        np.savez(content, *self.best_weights)
        write_bytes(_best_path(self._folder, epoch), content.getvalue())
        for older in sorted((self._folder / CHECKPOINT).glob("best-*.npz"))[:-2]:
            older.unlink()


def early_stopped_weights(config: TrainingConfig, folder: Path) -> list[np.ndarray] | None:
    """The best weights of a training whose patience was spent when it was stopped; None if there is more to train."""
    losses = _losses(folder)
    if not losses:
        return None
    best = int(np.argmin(np.nan_to_num(losses, nan=np.inf)))  # of equal ones the first, as early stopping has it
    return _kept(folder, best + 1) if len(losses) - 1 - best >= config.patience else None


def resuming(config: TrainingConfig, folder: Path, batches: MixedBatches) -> list[keras.callbacks.Callback]:
    """The callbacks that stop early, and those by which a training that was stopped ends as if it had not been.

    They keep weights, optimiser, epoch and the best weights so far in `folder`, and begin with
    what is kept there. Two states are kept, since a process can be killed while it writes one.
    """
    if config.epochs <= _SHORT:
        early = keras.callbacks.EarlyStopping(_MONITORED, patience=config.patience, restore_best_weights=True)
        return [_TellPractice(batches), early]
    backup = keras.callbacks.BackupAndRestore(str(folder / CHECKPOINT), double_checkpoint=True, delete_checkpoint=False)
    return [backup, _TellPractice(batches), _LastingEarlyStopping(folder, config.patience)]


def _losses(folder: Path) -> list[float]:
    """The monitored value of each whole epoch that is kept; none if the training begins."""
    try:
        with (folder / "history.csv").open(newline="", encoding="utf-8") as file:
            return [float(row[_MONITORED]) for row in csv.DictReader(file)][: checkpoint_epoch(folder)]
    except (OSError, KeyError, TypeError, ValueError):
        return []


def _best_path(folder: Path, epoch: int) -> Path:
    return folder / CHECKPOINT / f"best-{epoch:04}.npz"


def _kept(folder: Path, epoch: int) -> list[np.ndarray] | None:
    try:
        with np.load(_best_path(folder, epoch), allow_pickle=False) as file:
            return [file[name] for name in file.files]
    except (OSError, ValueError, zipfile.BadZipFile):
        return None
