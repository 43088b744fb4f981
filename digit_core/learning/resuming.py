"""Go on with a training that was stopped, after its last whole epoch."""

from pathlib import Path

import keras

from digit_core.learning.practice import Practice
from digit_core.records.backups import BACKUP
from digit_core.records.config import TrainingConfig

_SHORT = 2  # epochs; less than that is trained anew as quickly


class _TellPractice(keras.callbacks.Callback):
    """Deals the images of the epoch that begins, which after a stop is not the first one."""

    def __init__(self, practice: Practice):
        super().__init__()
        self._practice = practice

    def on_epoch_begin(self, epoch, logs=None):
        self._practice.begin(epoch)


def resuming(config: TrainingConfig, folder: Path, practice: Practice) -> list[keras.callbacks.Callback]:
    """The callbacks that keep weights, optimiser and epoch in `folder`, and begin with what is kept there.

    Two states are kept, since a process can be killed while it writes one. Early stopping
    counts its patience anew.
    """
    if config.epochs <= _SHORT:
        return [_TellPractice(practice)]
    backup = keras.callbacks.BackupAndRestore(str(folder / BACKUP), double_checkpoint=True, delete_checkpoint=False)
    return [backup, _TellPractice(practice)]
