"""The record of a training by step, `steps.csv`; see `digit_core.runs.steps`."""

import csv
import io
import math
import time
from collections.abc import Callable
from pathlib import Path

import keras

from digit_core.runs.checkpoints import checkpoint_epoch
from digit_core.runs.steps import STEP_FIELDS, STEPS_FILE, read_steps
from digit_core.storage.files import write_if_folder_exists

MOST_ROWS = 500
_FIRST_INTERVAL = 0.1  # seconds between two rows of a short training
_WRITE_INTERVAL = 1.0


class StepLogger(keras.callbacks.Callback):
    """Writes a row now and then while a training runs: a few a second, and fewer the longer it takes.

    A row has the means since the row before it. When there are more than `MOST_ROWS`, pairs of them are
    merged. A resumed training keeps the rows of the epochs before its checkpoint.
    """

    def __init__(self, folder: Path, batch_size: int, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._folder, self._batch_size, self._clock = folder, batch_size, clock

    def on_train_begin(self, logs=None):
        epochs = checkpoint_epoch(self._folder)
        self._rows = [row for row in read_steps(self._folder) if row["epoch"] <= epochs]
        self._interval = _FIRST_INTERVAL
        last = self._rows[-1] if self._rows else {"step": 0, "seconds": 0.0}
        self._began = self._clock() - last["seconds"]
        self._seen = last["step"], last["seconds"]  # at the last row
        self._epoch, self._before = epochs, int(last["step"])
        self._written = -math.inf

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._step, self._sums = epoch + 1, 0, (0.0, 0.0)
        self._in_row = 0, (0.0, 0.0)  # the epoch's steps and sums at its last row

    def on_train_batch_end(self, batch, logs=None):
        self._step = batch + 1
        self._sums = tuple(float((logs or {}).get(name, math.nan)) * self._step for name in ("loss", "accuracy"))
        if self._clock() - self._began - self._seen[1] >= self._interval:
            self._add()

    def on_epoch_end(self, epoch, logs=None):
        if self._step > self._in_row[0]:
            self._add()
        self._before += self._step
        self._write()

    def _add(self) -> None:
        (step, sums), seconds = self._in_row, self._clock() - self._began
        count, elapsed = self._step - step, max(seconds - self._seen[1], 1e-6)
        loss, accuracy = ((now - before) / count for now, before in zip(self._sums, sums, strict=True))
        self._in_row = self._step, self._sums
        self._seen = self._before + self._step, seconds
        if not (math.isfinite(loss) and math.isfinite(accuracy)):
            return
        rate = float(keras.ops.convert_to_tensor(self.model.optimizer.learning_rate))
        images = count * self._batch_size / elapsed
        values = (self._seen[0], self._epoch, seconds, max(loss, 0.0), min(max(accuracy, 0.0), 1.0), rate, images)
        self._rows.append(dict(zip(STEP_FIELDS, values, strict=True)))
        if len(self._rows) > MOST_ROWS:
            self._rows = thinned(self._rows)
            self._interval *= 2
        if self._clock() - self._written >= _WRITE_INTERVAL:
            self._write()

    def _write(self) -> None:
        self._written = self._clock()
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(STEP_FIELDS)
        for row in self._rows:
            writer.writerow([int(row["step"]), int(row["epoch"]), *(f"{row[name]:.6g}" for name in STEP_FIELDS[2:])])
        write_if_folder_exists(self._folder / STEPS_FILE, text.getvalue())


def thinned(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    """Half of the rows: of each pair of one epoch the second, with the means of both weighted by their steps."""
    merged: list[dict[str, float]] = []
    step = 0.0  # at the row before the pair
    position = 0
    while position < len(rows):
        first = rows[position]
        second = rows[position + 1] if position + 1 < len(rows) else None
        if second is None or second["epoch"] != first["epoch"]:
            merged.append(first)
            step, position = first["step"], position + 1
            continue
        share = (second["step"] - first["step"]) / max(second["step"] - step, 1)
        means = {name: first[name] * (1 - share) + second[name] * share for name in ("loss", "accuracy")}
        # Steps per second are weighted by time, not by steps.
        times = (1 - share) / max(first["images_per_second"], 1e-9) + share / max(second["images_per_second"], 1e-9)
        merged.append({**second, **means, "images_per_second": 1 / max(times, 1e-12)})
        step, position = second["step"], position + 2
    return merged
