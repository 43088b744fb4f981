"""What watches a training while it runs: progress, history, cancel."""

import csv
import math
import time
from collections.abc import Callable
from pathlib import Path

import keras

from digit_core.errors import TrainingFailed
from digit_core.records.results import Progress
from digit_core.records.runs import HISTORY_FIELDS


class Cancelled(Exception):
    """Whoever asked for the training has asked to stop it."""


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
        self._progress = Progress(
            state="training",
            epochs=self.params["epochs"],
            steps=self.params["steps"] or 0,
            started=self._clock(),
        )

    def on_epoch_begin(self, epoch, logs=None):
        self._advance(epoch=epoch + 1, step=0)

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
        if self._started is not None and progress.fraction > self._counted_from:
            speed = (progress.fraction - self._counted_from) / max(now - self._started, 1e-9)
            left = (1 - progress.fraction) / speed
        self._progress = progress.model_copy(update={"seconds_left": left})

    def _publish(self) -> None:
        self._last = self._clock()
        self._report(self._progress)
        if self._cancelled():
            raise Cancelled


class HistoryWriter(keras.callbacks.Callback):
    """Writes a row an epoch to a CSV file: loss and accuracy, training and validation, seconds so far."""

    def __init__(self, path: Path):
        super().__init__()
        self._path = path

    def on_train_begin(self, logs=None):
        self._started = time.monotonic()
        with self._path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(HISTORY_FIELDS)

    def on_epoch_end(self, epoch, logs=None):
        values = {**(logs or {}), "epoch": epoch + 1, "seconds": round(time.monotonic() - self._started, 3)}
        with self._path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([values[name] for name in HISTORY_FIELDS])


class StopOnInvalidLoss(keras.callbacks.Callback):
    """Ends the training with a reason when the loss is no number any more."""

    def on_train_batch_end(self, batch, logs=None):
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            raise TrainingFailed(
                f"The loss became {loss} at step {batch + 1}: the training ran away. Try a tenth of the learning rate."
            )


def _figures(logs: dict | None) -> dict[str, float]:
    wanted = ("loss", "accuracy", "val_loss", "val_accuracy")
    return {name: float(logs[name]) for name in wanted if logs and name in logs}
