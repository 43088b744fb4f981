"""A resumed training, with a network of one weight and scripted losses."""

import shutil

import keras
import numpy as np
import pytest

from digit_core.runs.checkpoints import CHECKPOINT, checkpoint_epoch
from digit_core.runs.config import training_config
from digit_core.training import resume
from digit_core.training.callbacks import HistoryLogger
from digit_core.training.resume import early_stopped_weights, resumable_callbacks

KILLED = 3  # after so many epochs


class NoBatches:
    """Has nothing to shuffle."""

    def set_epoch(self, epoch):
        pass


class Scripted(keras.callbacks.Callback):
    """Sets the losses that a test wants and a weight of its own for each epoch, and stops in a given epoch."""

    def __init__(self, losses, killed):
        super().__init__()
        self.losses, self.killed, self.seen = losses, killed, []

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.killed:
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(epoch)
        self.model.set_weights([np.full((1, 1), float(epoch))])
        logs.update(val_loss=self.losses[epoch], accuracy=0.5, val_accuracy=0.5)


def fit(folder, losses, killed=None):
    """The epochs that were trained and the final weight, which is the number of its epoch."""
    config = training_config("lenet5", data="digits", epochs=len(losses), patience=2)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    if weights := early_stopped_weights(config, folder):
        return [], weights[0][0, 0]
    scripted = Scripted(losses, killed)
    callbacks = [scripted, HistoryLogger(folder / "history.csv"), *resumable_callbacks(config, folder, NoBatches())]
    model.fit(np.zeros((2, 1)), np.zeros((2, 1)), epochs=len(losses), callbacks=callbacks, verbose=0)
    return scripted.seen, model.get_weights()[0][0, 0]


@pytest.mark.parametrize(
    ("losses", "epochs", "best"),
    [
        pytest.param([5, 2, 3, 1, 4], 5, 3, id="best after the stop"),
        pytest.param([5, 4, 1, 2, 3], 5, 2, id="best just before the stop"),
        pytest.param([5, 1, 4, 3, 2], 4, 1, id="patience runs out just after the stop"),
        pytest.param([1, 2, 3, 0, 0], 3, 0, id="patience runs out just before the stop"),
    ],
)
@pytest.mark.parametrize("best_was_saved", [True, False])
def test_a_resumed_training_stops_as_early_and_keeps_the_same_epoch(tmp_path, losses, epochs, best, best_was_saved):
    for folder in ("whole", "stopped"):
        (tmp_path / folder).mkdir()
    seen, weight = fit(tmp_path / "whole", losses)
    assert (len(seen), weight) == (epochs, best)
    if epochs > KILLED:
        with pytest.raises(KeyboardInterrupt):
            fit(tmp_path / "stopped", losses, killed=KILLED)
    else:
        fit(tmp_path / "stopped", losses)  # killed while it was evaluated
    assert checkpoint_epoch(tmp_path / "stopped") == KILLED
    if best == KILLED - 1 and not best_was_saved:  # killed between the checkpoint and saving the best weights
        next((tmp_path / "stopped" / CHECKPOINT).glob(f"*{KILLED}.npz")).unlink()
    seen, weight = fit(tmp_path / "stopped", losses)
    assert seen == list(range(KILLED, epochs))
    assert weight == best


def test_without_saved_best_weights_the_best_epoch_since_the_interruption_is_kept(tmp_path):
    losses = [1, 4, 5, 3, 2]
    fit(tmp_path, losses)
    for kept in (tmp_path / CHECKPOINT).glob("*.npz"):
        kept.unlink()
    assert fit(tmp_path, losses) == ([3, 4], 4)


def test_only_the_last_two_best_weights_are_kept(tmp_path):
    fit(tmp_path, [9, 8, 7, 6, 5, 4])
    assert len(list((tmp_path / CHECKPOINT).glob("*.npz"))) == 2


def test_short_trainings_save_nothing_and_end_with_the_best_epoch(tmp_path):
    assert fit(tmp_path, [1, 2]) == ([0, 1], 0)
    assert not (tmp_path / CHECKPOINT).exists()


def test_a_checkpoint_without_room_is_refused_before_hdf5_crashes(tmp_path, monkeypatch):
    backup = resume._Backup(str(tmp_path / "backup"), double_checkpoint=True, delete_checkpoint=False)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    backup.set_model(model)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(resume.shutil, "disk_usage", lambda path: usage._replace(free=100_000))
    with pytest.raises(OSError, match="No space left on device"):
        backup.on_epoch_end(0)
    assert not (tmp_path / "backup").exists()
    monkeypatch.undo()
    backup.on_epoch_end(0)
    assert (tmp_path / "backup" / "latest.weights.h5").exists()
