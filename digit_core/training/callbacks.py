"""What watches a training while it runs: progress, history, cancel."""

import contextlib
import csv
import math
import time
from collections.abc import Callable
from pathlib import Path

import keras

from digit_core.errors import TrainingFailed
from digit_core.jobs.training_job import Cancelled
from digit_core.runs.checkpoints import checkpoint_epoch
from digit_core.runs.run import HISTORY_FIELDS, TRACKED_FIELDS
from digit_core.runs.schemas import Progress

_MOST_POINTS = 240
_FIRST_ESTIMATE = 1.0  # seconds: what fewer steps take says little about the rest


class LossCurve:
    """The loss by step, from the running means that Keras gives, in at most `_MOST_POINTS` points."""

    def __init__(self) -> None:
        self.points: list[tuple[int, float]] = []
        self._taken, self._every = 0, 1
        self.begin_epoch(0)

    def begin_epoch(self, steps_before: int) -> None:
        """Keras's running mean starts anew."""
        self._before, self._step, self._sum = steps_before, 0, 0.0

    def add(self, step: int, mean: float) -> None:
        """Take the mean over the epoch's first `step` steps: what is new in it is a point, if it is a number."""
        if step <= self._step or not math.isfinite(mean):  # JSON has no NaN, and a point without a loss is none
            return
        loss = (mean * step - self._sum) / (step - self._step)
        self._taken += 1
        if self._taken % self._every:
            return  # the next one has these steps in its mean
        self.points.append((self._before + step, max(loss, 0.0)))
        self._step, self._sum = step, mean * step
        if len(self.points) > _MOST_POINTS:
            self.points = self.points[1::2]
            self._every *= 2


class ProgressReporter(keras.callbacks.Callback):
    """Reports progress a few times a second, and stops the training when asked to.

    `report` takes a `Progress`; `cancelled` says whether to stop, by raising `Cancelled`.
    Neither is called more often than every `interval` seconds, so that files cost no time.
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
        self._last = -math.inf
        self._progress = Progress(state="training")

    def on_train_begin(self, logs=None):
        self._started = None
        self._curve = LossCurve()
        self._progress = Progress(
            state="training",
            epochs=self.params["epochs"],
            steps=self.params["steps"] or 0,
        )

    def on_epoch_begin(self, epoch, logs=None):
        self._advance(epoch=epoch + 1, step=0)
        self._curve.begin_epoch(epoch * self._progress.steps)

    def on_train_batch_end(self, batch, logs=None):
        if self._started is None:
            # The first step builds the graph and takes seconds: no measure for the others.
            self._started, self._counted_from = self._clock(), self._progress.fraction
        if self._clock() - self._last < self._interval:
            return
        self._advance(step=batch + 1, **_figures(logs))
        self._publish()

    def on_epoch_end(self, epoch, logs=None):
        self._advance(step=self._progress.steps, **_figures(logs))
        self._publish()

    def _advance(self, **values) -> None:
        now = self._clock()
        progress = self._progress.model_copy(update={**values, "updated": now})
        left = None
        if self._started is not None and now - self._started >= _FIRST_ESTIMATE:
            speed = max(progress.fraction - self._counted_from, 1e-9) / (now - self._started)
            left = (1 - progress.fraction) / speed
        self._progress = progress.model_copy(update={"seconds_left": left})

    def _publish(self) -> None:
        self._last = self._clock()
        if self._progress.loss is not None:
            self._curve.add(self._progress.step, self._progress.loss)
        self._report(self._progress.model_copy(update={"curve": self._curve.points}))
        if self._cancelled():
            raise Cancelled


class HistoryLogger(keras.callbacks.Callback):
    """Writes a row an epoch to a CSV file: loss and accuracy, training and validation, seconds so far.

    A training that is resumed keeps the rows of the epochs that it is resumed after. (Keras's
    CSVLogger counts epochs from 0, knows no seconds and cannot drop the row of an epoch that is trained again.)
    """

    def __init__(self, path: Path):
        super().__init__()
        self._path = path
        self._rows: list[dict[str, str]] = []

    def on_train_begin(self, logs=None):
        self._started = time.monotonic()
        done = checkpoint_epoch(self._path.parent)
        if done:
            with contextlib.suppress(OSError), self._path.open(newline="", encoding="utf-8") as file:
                self._rows = list(csv.DictReader(file))[:done]
        if self._rows:
            self._started -= float(self._rows[-1]["seconds"])

    def on_epoch_end(self, epoch, logs=None):
        values = {**(logs or {}), "epoch": epoch + 1, "seconds": round(time.monotonic() - self._started, 3)}
        names = [*HISTORY_FIELDS, *(name for name in TRACKED_FIELDS if name in values)]
        self._rows.append({name: str(values[name]) for name in names})
        with self._path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(self._rows)


class StopOnInvalidLoss(keras.callbacks.Callback):
    """Ends the training with a reason when it diverges: the loss is not a finite number any more."""

    def on_train_batch_end(self, batch, logs=None):
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            raise TrainingFailed(
                f"The loss became {loss} at step {batch + 1}: the training diverged. Try a tenth of the learning rate."
            )


def _figures(logs: dict | None) -> dict[str, float]:
    wanted = ("loss", "accuracy", "val_loss", "val_accuracy")
    return {name: float(logs[name]) for name in wanted if logs and name in logs}
