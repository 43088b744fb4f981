"""One training of a search or an ensemble, on any machine: all of a run but what the test images say of it.

Its folder is a training's working folder. It can be moved to another machine after any epoch and continued
there, and becomes a run where it is published (`digit_core.cluster.adoption`).
"""

import time
from collections.abc import Callable
from pathlib import Path

import keras

from digit_core.errors import TrainingFailed
from digit_core.jobs.training_job import TRAINED, Cancelled, Job, Request
from digit_core.runs.config import TrainingConfig
from digit_core.runs.run import Run
from digit_core.storage.files import write_text
from digit_core.training.fit import fit_network

_kept: list[BaseException] = []  # what a stopped training's traceback refers to; see `callbacks.EndFit`


def train_trial(
    config: TrainingConfig,
    folder: Path,
    *,
    command: str,
    seconds: float,
    epoch_ended: Callable[[list[dict[str, float]], bool], None],
) -> None:
    """Train as configured, or continue after the checkpoint in `folder`; leave there all but the test figures.

    `epoch_ended` gets the history after each epoch, and whether that was the last one, once the folder is complete.
    It ends the training by raising an exception. Raises DigitError, so TrainingFailed after `seconds`.
    """
    if (folder / TRAINED).exists():  # lost just before that was known
        epoch_ended(Run(folder).history(), True)
        return
    keras.utils.clear_session()  # of the trial before in this process
    deadline = time.monotonic() + seconds
    Job(folder).write_request(Request(config=config.model_dump(), command=command, activate=False))
    try:
        fitted = fit_network(
            config,
            folder,
            command=command,
            report=lambda progress: None,
            cancelled=lambda: time.monotonic() > deadline,
            callbacks=[_EpochEnded(lambda: epoch_ended(Run(folder).history(), False))],
        )
    except Cancelled as error:
        _kept[:] = [error]
        raise TrainingFailed(
            f"It was stopped after {seconds:.0f} seconds, the time limit of a trial. Allow more, or fewer epochs."
        ) from None
    except SystemExit as stop:
        _kept[:] = [stop]
        raise
    write_text(folder / TRAINED, fitted.trained.model_dump_json(indent=1))
    epoch_ended(Run(folder).history(), True)


class _EpochEnded(keras.callbacks.Callback):
    """Calls a function after each epoch that is not the last."""

    def __init__(self, ended: Callable[[], None]) -> None:
        super().__init__()
        self._ended = ended

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 < self.params["epochs"] and not self.model.stop_training:
            self._ended()
