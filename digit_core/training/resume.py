"""Resume an interrupted training after its last complete epoch."""

import errno
import io
import math
import os
import shutil
import zipfile
from pathlib import Path

import keras
import numpy as np

from digit_core.errors import DamagedRun
from digit_core.runs.checkpoints import CHECKPOINT, checkpoint_epoch
from digit_core.runs.config import TrainingConfig
from digit_core.runs.run import Run
from digit_core.storage.files import write_bytes
from digit_core.training.batches import MixedBatches

_SHORT = 2  # epochs; training that few again is as fast
_MONITORED = "val_loss"
_OVERHEAD = 1_000_000  # bytes of a checkpoint beside its numbers, at most


class _Backup(keras.callbacks.BackupAndRestore):
    """Raises OSError while there is no room for two checkpoints, instead of writing one.

    HDF5 ends the process with a segmentation fault when it cannot write, and nobody learns that the disk is full.
    """

    def on_epoch_end(self, epoch, logs=None):
        size = sum(math.prod(each.shape) * 4 for each in [*self.model.variables, *self.model.optimizer.variables])
        if shutil.disk_usage(Path(self.backup_dir).parent).free < 2 * (size + _OVERHEAD):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.backup_dir)
        super().on_epoch_end(epoch, logs)


class _ResumableEarlyStopping(keras.callbacks.EarlyStopping):
    """Early stopping that survives an interruption; among the callbacks it comes after the backup.

    Best value and patience follow from the history. The best weights are saved with the checkpoint, by
    epoch: the last two, because the checkpoint before the last one is kept too.
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
        if saved := _load_best(self._folder, self.best_epoch + 1):
            self.best_weights = saved
        elif self.best_epoch + 1 != len(losses):  # otherwise the backup has just restored them
            super().on_train_begin(logs)  # interrupted under a version that saved no best weights

    def on_epoch_end(self, epoch, logs=None):
        before = self.best_weights
        super().on_epoch_end(epoch, logs)
        if self.best_weights is before:
            return
        content = io.BytesIO()
        np.savez(content, *self.best_weights)
        write_bytes(_best_path(self._folder, epoch + 1), content.getvalue())
        for older in sorted((self._folder / CHECKPOINT).glob("best-*.npz"))[:-2]:
            older.unlink()


def early_stopped_weights(config: TrainingConfig, folder: Path) -> list[np.ndarray] | None:
    """The best weights if the interrupted training had already stopped early; None if there is more to train."""
    losses = _losses(folder)
    if not losses:
        return None
    best = int(np.argmin(losses))  # of equal ones the first, like early stopping
    return _load_best(folder, best + 1) if len(losses) - 1 - best >= config.patience else None


def resumable_callbacks(config: TrainingConfig, folder: Path, batches: MixedBatches) -> list[keras.callbacks.Callback]:
    """The callbacks for early stopping, and those that let an interrupted training end like an uninterrupted one.

    They save weights, optimiser state, epoch and the best weights so far in `folder`, and start from
    what is saved there. Two checkpoints are kept, since the process can be killed while it writes one.
    """
    shuffle = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: batches.set_epoch(epoch))
    if config.epochs <= _SHORT:
        early = keras.callbacks.EarlyStopping(_MONITORED, patience=config.patience, restore_best_weights=True)
        return [shuffle, early]
    backup = _Backup(str(folder / CHECKPOINT), double_checkpoint=True, delete_checkpoint=False)
    return [backup, shuffle, _ResumableEarlyStopping(folder, config.patience)]


def _losses(folder: Path) -> list[float]:
    """The monitored value of each epoch before the checkpoint; empty if there is none."""
    try:
        return [row[_MONITORED] for row in Run(folder).history()][: checkpoint_epoch(folder)]
    except DamagedRun:
        return []


def _best_path(folder: Path, epoch: int) -> Path:
    return folder / CHECKPOINT / f"best-{epoch:04}.npz"


def _load_best(folder: Path, epoch: int) -> list[np.ndarray] | None:
    try:
        with np.load(_best_path(folder, epoch), allow_pickle=False) as file:
            return [file[name] for name in file.files]
    except (OSError, ValueError, zipfile.BadZipFile):
        return None
