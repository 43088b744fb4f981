"""Keras callbacks for progress, history and cancelling."""

import contextlib
import csv
import math
import time
from collections.abc import Callable
from pathlib import Path

import keras

from digit_core.errors import TrainingFailed
from digit_core.jobs.processor_sharing import ProcessorSharing
from digit_core.jobs.training_job import Cancelled
from digit_core.runs.checkpoints import checkpoint_epoch
from digit_core.runs.run import HISTORY_FIELDS, TRACKED_FIELDS
from digit_core.runs.schemas import Progress
from digit_core.storage.files import write_text

_MOST_POINTS = 240
_FIRST_ESTIMATE = 1.0  # seconds; an earlier estimate of the time left would be unreliable


class LossCurve:
    """The loss by step, from Keras's running means, in at most `_MOST_POINTS` points."""

    def __init__(self) -> None:
        self.points: list[tuple[int, float]] = []
        self._count, self._every = 0, 1
        self.begin_epoch(0)

    def begin_epoch(self, steps_before: int) -> None:
        """Start a new running mean, as Keras does."""
        self._before, self._step, self._sum = steps_before, 0, 0.0

    def add(self, step: int, mean: float) -> None:
        """Add a point from the mean over the epoch's first `step` steps, unless it is NaN or infinite."""
        if step <= self._step or not math.isfinite(mean):  # JSON has no NaN
            return
        loss = (mean * step - self._sum) / (step - self._step)
        self._count += 1
        if self._count % self._every:
            return  # the next point will include these steps
        self.points.append((self._before + step, max(loss, 0.0)))
        self._step, self._sum = step, mean * step
        if len(self.points) > _MOST_POINTS:
            self.points = self.points[1::2]
            self._every *= 2


class ProgressReporter(keras.callbacks.Callback):
    """Reports progress a few times a second, and raises `Cancelled` once `cancelled()` is true.

    Neither `report` nor `cancelled` is called more often than every `interval` seconds, because both access files.
    """

    def __init__(
        self,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
        interval: float = 0.25,
        clock: Callable[[], float] = time.time,
    ):
        super().__init__()
        self._report = report
        self._cancelled = cancelled
        self._interval = interval
        self._clock = clock
        self._last_report = -math.inf

    def on_train_begin(self, logs=None):
        self._started = None
        self._curve = LossCurve()
        self._progress = Progress(state="training", epochs=self.params["epochs"], steps=self.params["steps"] or 0)
        self._report(self._progress.model_copy(update={"message": "Compiling the training step"}))

    def on_epoch_begin(self, epoch, logs=None):
        self._advance(epoch=epoch + 1, step=0)
        self._curve.begin_epoch(epoch * self._progress.steps)

    def on_train_batch_end(self, batch, logs=None):
        if self._started is None:
            # The first step builds the graph and takes seconds; it is left out of the estimate.
            self._started, self._start_fraction = self._clock(), self._progress.fraction
        if self._clock() - self._last_report < self._interval:
            return
        self._advance(step=batch + 1, **_metrics(logs))
        self._report_progress()

    def on_epoch_end(self, epoch, logs=None):
        self._advance(step=self._progress.steps, **_metrics(logs))
        self._report_progress()

    def _advance(self, **values) -> None:
        now = self._clock()
        progress = self._progress.model_copy(update={**values, "updated": now, "seconds_left": None})
        if self._started is not None and now - self._started >= _FIRST_ESTIMATE:
            speed = max(progress.fraction - self._start_fraction, 1e-9) / (now - self._started)
            progress = progress.model_copy(update={"seconds_left": (1 - progress.fraction) / speed})
        self._progress = progress

    def _report_progress(self) -> None:
        self._last_report = self._clock()
        if self._progress.loss is not None:
            self._curve.add(self._progress.step, self._progress.loss)
        self._report(self._progress.model_copy(update={"curve": self._curve.points}))
        if self._cancelled():
            raise Cancelled


class HistoryLogger(keras.callbacks.CSVLogger):
    """Keras's CSV log with the columns of a run's history: epochs counted from 1, and seconds since the start.

    A resumed training keeps the rows of the epochs before its checkpoint.
    """

    def __init__(self, path: Path):
        super().__init__(str(path), append=True)
        self._path = path

    def on_train_begin(self, logs=None):
        lines = []
        if epochs := checkpoint_epoch(self._path.parent):
            with contextlib.suppress(OSError):
                # On Windows Keras writes blank lines too; a row holds no spaces.
                lines = self._path.read_text(encoding="utf-8").split()[: epochs + 1]
        write_text(self._path, "".join(f"{line}\n" for line in lines))
        rows = list(csv.DictReader(lines))
        self._started = time.monotonic() - (float(rows[-1]["seconds"]) if rows else 0.0)
        super().on_train_begin(logs)

    def on_epoch_end(self, epoch, logs=None):
        values = {**(logs or {}), "seconds": round(time.monotonic() - self._started, 3)}
        self.keys = [name for name in (*HISTORY_FIELDS[1:], *TRACKED_FIELDS) if name in values]
        super().on_epoch_end(epoch + 1, values)


class ShareProcessors(keras.callbacks.Callback):
    """Leaves a processor to the app while people are drawing: see `digit_core.jobs.processor_sharing`."""

    def __init__(self):
        super().__init__()
        self._sharing = ProcessorSharing()

    def on_train_batch_end(self, batch, logs=None):
        self._sharing.update()

    def on_test_batch_end(self, batch, logs=None):
        self._sharing.update()

    def on_train_end(self, logs=None):
        self._sharing.end()


class FitEnded(Exception):
    """The epochs are over; see `EndFit`."""


class EndFit(keras.callbacks.Callback):
    """Ends `Model.fit` by raising FitEnded after the last epoch; the last of the callbacks.

    Returning from it frees its iterator over the batches, which takes up to two seconds and can hang. What
    the exception's traceback refers to is not freed as long as the exception is kept.
    """

    def on_train_end(self, logs=None):
        raise FitEnded


class StopOnInvalidLoss(keras.callbacks.Callback):
    """Raises TrainingFailed when the training diverges: its loss is NaN or infinite."""

    def on_train_batch_end(self, batch, logs=None):
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            raise TrainingFailed(
                f"The loss became {loss} at step {batch + 1}: the training diverged. Try a tenth of the learning rate."
            )


def _metrics(logs: dict | None) -> dict[str, float]:
    wanted = ("loss", "accuracy", "val_loss", "val_accuracy")
    return {name: float(logs[name]) for name in wanted if logs and name in logs}
