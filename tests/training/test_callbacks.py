"""The callbacks, driven by scripted losses and no training."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import recall_score

from digit_core.errors import TrainingFailed
from digit_core.jobs.training_job import Cancelled
from digit_core.runs.checkpoints import CHECKPOINT
from digit_core.runs.run import Run
from digit_core.runs.schemas import Progress
from digit_core.training import callbacks
from digit_core.training.callbacks import (
    HistoryLogger,
    LossCurve,
    ProgressReporter,
    ShareProcessors,
    StopOnInvalidLoss,
)
from digit_core.training.macro_recall import MacroRecall


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def reporter(clock, cancelled=lambda: False, **options):
    seen = []
    callback = ProgressReporter(seen.append, cancelled, clock=clock, **options)
    callback.set_params({"epochs": 2, "steps": 10})
    callback.on_train_begin()
    return callback, seen


def test_progress_is_reported_a_few_times_a_second_and_not_every_step():
    clock = Clock()
    callback, seen = reporter(clock, interval=0.25)
    callback.on_epoch_begin(0)
    for step in range(10):
        clock.now += 0.1
        callback.on_train_batch_end(step, {"loss": 1.0 - step / 10, "accuracy": step / 10})
    assert 3 <= len(seen) <= 5
    assert [progress.step for progress in seen] == sorted(progress.step for progress in seen)
    assert seen[-1].loss == pytest.approx(1.0 - (seen[-1].step - 1) / 10)


def test_the_time_left_follows_from_the_share_done():
    clock = Clock()
    callback, seen = reporter(clock)
    callback.on_epoch_begin(0)
    clock.now += 20  # the first step builds the graph and is left out of the estimate
    callback.on_train_batch_end(0, {"loss": 0.9, "accuracy": 0.5})
    assert seen[-1].seconds_left is None  # not "0.0 s left"
    clock.now += 30
    callback.on_epoch_end(0, {"loss": 0.5, "accuracy": 0.9, "val_loss": 0.4, "val_accuracy": 0.95})
    assert seen[-1].fraction == 0.5
    assert seen[-1].seconds_left == pytest.approx(30)
    assert seen[-1].val_accuracy == 0.95


def test_cancelling_takes_effect_within_the_interval_even_in_the_middle_of_an_epoch():
    clock = Clock()
    callback, _ = reporter(clock, cancelled=lambda: clock.now >= 1001)
    callback.on_epoch_begin(0)
    with pytest.raises(Cancelled):
        for step in range(10):
            clock.now += 0.3
            callback.on_train_batch_end(step, {"loss": 1.0})
    assert clock.now <= 1001 + 0.3


def test_history_is_a_row_an_epoch(tmp_path):
    writer = HistoryLogger(tmp_path / "history.csv")
    writer.on_train_begin()
    for epoch, loss in enumerate((0.5, 0.3)):
        writer.on_epoch_end(epoch, {"loss": loss, "accuracy": 0.9, "val_loss": loss + 0.1, "val_accuracy": 0.8})
    with (tmp_path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert [row["loss"] for row in rows] == ["0.5", "0.3"]
    assert list(rows[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"]


def test_without_a_checkpoint_the_history_starts_again(tmp_path):
    (tmp_path / "history.csv").write_text("epoch,loss\n1,0.9\n2,0.8\n")
    writer = HistoryLogger(tmp_path / "history.csv")
    writer.on_train_begin()
    writer.on_epoch_end(0, {"loss": 0.5, "accuracy": 0.9, "val_loss": 0.6, "val_accuracy": 0.8})
    assert [(row["epoch"], row["loss"]) for row in Run(tmp_path).history()] == [(1, 0.5)]


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_nan_or_infinite_loss_ends_the_training_with_the_reason(loss):
    with pytest.raises(TrainingFailed, match="step 8.*learning rate"):
        StopOnInvalidLoss().on_train_batch_end(7, {"loss": loss})


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_progress_with_a_nan_or_infinite_loss_survives_json(loss):
    clock = Clock()
    callback, seen = reporter(clock)
    callback.on_epoch_begin(0)
    for step, value in enumerate((0.5, loss)):
        clock.now += 1
        callback.on_train_batch_end(step, {"loss": value, "accuracy": 0.1})
    again = Progress.model_validate_json(seen[-1].model_dump_json())
    assert (again.epoch, again.epochs, again.loss, again.curve) == (1, 2, None, [(1, 0.5)])


def test_the_loss_curve_has_the_means_between_its_points():
    curve = LossCurve()
    curve.begin_epoch(0)
    curve.add(2, 3.0)
    curve.add(4, 2.0)  # the last two steps must have had a mean of 1
    curve.begin_epoch(10)
    curve.add(5, 0.5)
    assert curve.points == [(2, 3.0), (4, 1.0), (15, 0.5)]


def test_the_loss_curve_of_a_long_training_is_thinned_and_keeps_its_mean():
    curve, rng, losses = LossCurve(), np.random.default_rng(0), []
    for step in range(1, 5001):
        losses.append(rng.random())
        curve.add(step, float(np.mean(losses)))
    steps = [step for step, _ in curve.points]
    assert 100 < len(steps) <= 240
    assert steps == sorted(set(steps))
    assert np.mean([loss for _, loss in curve.points[1:]]) == pytest.approx(0.5, abs=0.05)


def test_the_history_of_a_resumed_training_keeps_the_epochs_before_its_checkpoint(tmp_path):
    (tmp_path / CHECKPOINT).mkdir()
    (tmp_path / CHECKPOINT / "training_metadata.json").write_text('{"epoch": 1, "batch": 0}')
    values = {"loss": 0.5, "accuracy": 0.9, "val_loss": 0.6, "val_accuracy": 0.8, "recall": 0.7, "val_recall": 0.6}
    for epochs in ([0, 1], [1, 2]):  # killed after the second epoch's row, before its checkpoint
        writer = HistoryLogger(tmp_path / "history.csv")
        writer.on_train_begin()
        for epoch in epochs:
            writer.on_epoch_end(epoch, values)
        if epochs[0] == 0:
            assert len(Run(tmp_path).history()) == 2
    history = Run(tmp_path).history()
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert history[0]["val_recall"] == 0.6


def test_macro_recall_is_scikit_learns_macro_recall():
    rng = np.random.default_rng(1)
    labels, scores = rng.integers(0, 9, 300), rng.normal(size=(300, 10)).astype(np.float32)
    recall = MacroRecall()
    for part in range(0, 300, 100):  # class 9 does not occur and does not count
        recall.update_state(np.eye(10, dtype=np.float32)[labels[part : part + 100]], scores[part : part + 100])
    wanted = recall_score(labels, scores.argmax(1), average="macro", labels=range(9))
    assert float(recall.result()) == pytest.approx(wanted, rel=1e-6)


def test_a_training_shares_processors_after_each_batch_and_takes_all_at_its_end(monkeypatch):
    calls = []
    sharing = SimpleNamespace(update=lambda: calls.append("update"), end=lambda: calls.append("end"))
    monkeypatch.setattr(callbacks, "ProcessorSharing", lambda: sharing)
    callback = ShareProcessors()
    callback.on_train_batch_end(0)
    callback.on_test_batch_end(0)
    callback.on_train_end()
    assert calls == ["update", "update", "end"]
