"""The record by step, from scripted steps and no training."""

import types

import pytest

from digit_core.runs.run import Run
from digit_core.runs.steps import STEP_FIELDS, STEPS_FILE
from digit_core.training.step_log import MOST_ROWS, StepLogger, thinned


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def log_steps(folder, epochs, steps, seconds):
    """A training of that many steps, each of so many seconds; its loss is 1 / step."""
    clock = Clock()
    logger = StepLogger(folder, 100, clock)
    logger.set_model(types.SimpleNamespace(optimizer=types.SimpleNamespace(learning_rate=0.25)))
    logger.on_train_begin()
    for epoch in range(epochs):
        logger.on_epoch_begin(epoch)
        total = 0.0
        for step in range(steps):
            clock.now += seconds
            total += 1 / (epoch * steps + step + 1)
            logger.on_train_batch_end(step, {"loss": total / (step + 1), "accuracy": 0.5})
        logger.on_epoch_end(epoch)


def test_each_row_has_the_means_since_the_row_before_it(tmp_path):
    log_steps(tmp_path, epochs=2, steps=4, seconds=0.2)
    rows = Run(tmp_path).steps()
    assert [row["step"] for row in rows] == list(range(1, 9))
    assert [row["epoch"] for row in rows] == [1] * 4 + [2] * 4
    assert [row["loss"] for row in rows] == pytest.approx([1 / step for step in range(1, 9)], rel=1e-4)
    assert {row["learning_rate"] for row in rows} == {0.25}
    assert [row["images_per_second"] for row in rows] == pytest.approx([500] * 8)
    assert rows[-1]["seconds"] == pytest.approx(1.6)


def test_a_long_training_has_at_most_so_many_rows_and_its_last_step_is_among_them(tmp_path):
    log_steps(tmp_path, epochs=3, steps=2000, seconds=0.15)
    rows = Run(tmp_path).steps()
    assert MOST_ROWS / 4 < len(rows) <= MOST_ROWS + 1
    steps = [row["step"] for row in rows]
    assert steps == sorted(set(steps))
    assert steps[-1] == 6000
    assert all(row["images_per_second"] == pytest.approx(100 / 0.15, rel=0.01) for row in rows)


def test_thinning_weights_by_steps_and_keeps_epochs_apart():
    def row(step, epoch, loss):
        return dict.fromkeys(STEP_FIELDS, 1.0) | {"step": step, "epoch": epoch, "loss": loss}

    rows = thinned([row(1, 1, 4.0), row(4, 1, 1.0), row(5, 1, 3.0), row(7, 2, 2.0)])
    assert [(each["step"], each["loss"]) for each in rows] == [(4, 1.75), (5, 3.0), (7, 2.0)]


def test_a_run_without_the_file_or_with_a_damaged_one_has_no_steps(tmp_path):
    assert Run(tmp_path).steps() == []
    for content in ("", "step,epoch\n1,2\n", "\0\0", ",".join(STEP_FIELDS) + "\n1,1,1"):
        (tmp_path / STEPS_FILE).write_text(content)
        assert Run(tmp_path).steps() == []
