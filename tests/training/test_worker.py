"""The trainer as a process: its results, and how it ends, also when it is killed."""

import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from digit_core.datasets.loading import load_dataset
from digit_core.errors import StorageError, TrainingFailed, UnknownRun
from digit_core.jobs import trainings
from digit_core.jobs.recovery import mark_failed
from digit_core.jobs.training_job import Cancelled
from digit_core.runs.active_run import activate, read_active
from digit_core.runs.checkpoints import CHECKPOINT, checkpoint_epoch
from digit_core.runs.config import training_config
from digit_core.runs.run import BINARY, SHIPPED, Run, list_runs, open_run
from digit_core.runs.run_names import parse_run_name
from digit_core.runs.schemas import ACTIVE, Progress
from digit_core.storage import paths
from digit_core.training.fit import train
from tests.processes import is_gone
from tests.trainers import trainer_pid
from tests.waiting import wait_for

SHORT = training_config("quick", data="digits", epochs=4)
ENDLESS = training_config("two_block", data="digits", epochs=500, patience=500)


def ended(job):
    progress = trainings.progress_of(job)
    return progress and progress.state not in ACTIVE and trainings.current() is None and progress


def training(job):
    return (progress := job.progress()) and progress.step > 0


def test_a_training_that_was_killed_is_resumed_after_its_last_whole_epoch(training_home, kill_trainer_afterwards):
    job = trainings.start(training_config("lenet5", data="digits", epochs=15), command="a test")
    wait_for(lambda: checkpoint_epoch(job.folder) >= 2)
    os.kill(trainer_pid(), signal.SIGKILL)
    assert wait_for(lambda: ended(job)).state == "failed"
    done = trainings.resumable(job)
    assert done >= 2
    trainings.resume(job)
    assert trainings.resumable(job) == 0
    assert wait_for(lambda: ended(job)).state == "finished"
    run = open_run(job.name)
    assert [row["epoch"] for row in run.history()] == list(range(1, 16))
    seconds = [row["seconds"] for row in run.history()]
    assert seconds == sorted(seconds)
    assert run.environment.command == "a test"
    assert not (run.path / CHECKPOINT).exists()
    assert trainings.resumable(job) == 0


def test_a_training_without_a_checkpoint_cannot_be_resumed(training_home):
    folder = paths.working_folder() / "20260101-000000-quick"
    folder.mkdir(parents=True)
    trainings.Job(folder).write_progress(Progress(state="failed"))
    with pytest.raises(TrainingFailed, match="it has no checkpoint"):
        trainings.resume(trainings.stopped_job(folder.name))
    with pytest.raises(UnknownRun, match="no training named 'another'"):
        trainings.stopped_job("another")


@pytest.mark.parametrize("preset", ["lenet5", "tiny"])
def test_a_resumed_training_ends_like_an_uninterrupted_one(training_home, tmp_path, preset):
    config = training_config(preset, data="digits", epochs=5, compute_dtype="float32")
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    for folder in (whole, stopped):
        folder.mkdir()
    quiet = {"command": "a test", "report": lambda progress: None}
    train(config, whole, **quiet, cancelled=lambda: False)
    with pytest.raises(Cancelled):
        train(config, stopped, **quiet, cancelled=lambda: checkpoint_epoch(stopped) == 3)
    train(config, stopped, **quiet, cancelled=lambda: False)
    for first, second in zip(Run(whole).history(), Run(stopped).history(), strict=True):
        assert second["epoch"] == first["epoch"]
        assert second["loss"] == pytest.approx(first["loss"], rel=1e-3)
        assert second["val_loss"] == pytest.approx(first["val_loss"], rel=1e-3)
    assert Run(stopped).environment.compute_dtype == "float32"
    assert Run(stopped).metrics.loss == pytest.approx(Run(whole).metrics.loss, rel=1e-2)


@pytest.fixture
def kill_trainer_afterwards():
    """Kills the trainer at the end of a test."""
    yield
    if trainings.current():
        os.kill(trainer_pid(), signal.SIGKILL)
        wait_for(lambda: trainings.current() is None)


def test_a_training_leaves_a_complete_run_that_is_active(training_home, trained_run):
    activate(trained_run.name)  # on the same data, and trained for fewer epochs
    job = trainings.start(SHORT, command="a test")
    outcome = wait_for(lambda: ended(job))
    assert (outcome.state, outcome.activated, outcome.fraction) == ("finished", True, 1.0)
    former = parse_run_name(trained_run.name).title
    assert f"correct as {former}" in outcome.message or f"correct than {former}" in outcome.message
    run = open_run(job.name)
    assert not job.folder.exists()
    assert run.config == SHORT
    assert run.environment.command == "a test"
    assert run.environment.data_digest == load_dataset("digits").digest
    assert len(run.history()) == run.metrics.epochs == 4
    assert run.metrics.accuracy > 0.8
    assert run.metrics.training_images + run.metrics.validation_images == 1438
    predictions = run.predictions()
    assert np.array_equal(predictions.labels, load_dataset("digits").y_test)
    assert (predictions.predicted == predictions.labels).mean() == pytest.approx(run.metrics.accuracy, abs=0.003)
    wanted = {"confusion", "confusion_rates", "curves", "precision_recall", "samples", "worst_mistakes"}
    wait_for(lambda: set(run.figures()) == wanted)  # they are drawn when the run is there
    wait_for(lambda: is_gone(outcome.process))
    assert {path.stem for path in (run.path / "figures").glob("*.png")} == set(run.figures())
    assert read_active().run == job.name
    assert read_active().previous == trained_run.name
    assert {row["epoch"] for row in run.steps()} == {1, 2, 3, 4}
    assert job.steps() == run.steps()
    assert run.steps()[-1]["step"] == 4 * (run.steps()[-1]["step"] // 4)
    # Evaluated again from its folder it has the same figures.
    script = [sys.executable, "scripts/evaluate.py", job.name, "--json"]
    again = json.loads(
        subprocess.run(script, cwd=paths.PROJECT, capture_output=True, check=True).stdout.splitlines()[-1]
    )
    assert again["accuracy"] == run.metrics.accuracy
    assert again["loss"] == pytest.approx(run.metrics.loss, abs=1e-5)


def test_a_second_training_waits_and_the_first_can_be_cancelled(own_home, kill_trainer_afterwards):
    job = trainings.start(ENDLESS)
    second = trainings.start(SHORT)
    assert trainings.progress_of(second).state == "queued"
    trainings.cancel(second)
    wait_for(lambda: training(job))
    trainings.cancel(job)
    assert wait_for(lambda: ended(job)).state == "cancelled"
    assert trainings.progress_of(second).state == "cancelled"
    assert [run.name for run in list_runs().runs] == [SHIPPED]
    assert read_active().run == SHIPPED


def test_a_trainer_that_ends_starts_the_training_that_waits(training_home, kill_trainer_afterwards):
    first, second = trainings.start(SHORT), trainings.start(ENDLESS)
    assert wait_for(lambda: trainings.progress_of(second).state == "training" and trainings.progress_of(first))
    assert trainings.progress_of(first).state == "finished"
    assert trainings.current() == second


@pytest.mark.skipif(os.name == "nt", reason="kills with a POSIX signal; run it on Linux or macOS")
def test_a_killed_training_leaves_the_active_model_alone_and_is_reported(own_home, kill_trainer_afterwards):
    job = trainings.start(ENDLESS)
    wait_for(lambda: training(job))
    os.kill(trainer_pid(), signal.SIGKILL)
    progress = wait_for(lambda: ended(job))
    assert progress.state == "failed"
    assert "trainer was killed" in progress.message
    assert read_active().run == SHIPPED
    assert [run.name for run in list_runs().runs] == [SHIPPED]
    assert trainings.latest() == job


@pytest.mark.skipif(os.name == "nt", reason="kills with a POSIX signal; run it on Linux or macOS")
def test_sigterm_is_reported(own_home, kill_trainer_afterwards):
    job = trainings.start(ENDLESS)
    wait_for(lambda: training(job))
    os.kill(trainer_pid(), signal.SIGTERM)
    progress = wait_for(lambda: ended(job))
    assert progress.state == "failed"
    assert "asked the trainer to stop" in progress.message


def test_a_failed_training_deletes_its_large_files(own_home):
    folder = paths.working_folder() / "20260101-120000-quick"
    shutil.copytree(paths.SHIPPED_RUN, folder)
    job = trainings.Job(folder)
    mark_failed(job, "the disk is full")
    assert job.progress().message == "the disk is full"
    assert not any((folder / name).exists() for name in BINARY)


def test_only_the_last_few_trainings_without_a_run_are_kept(own_home):
    for number in range(9):
        folder = paths.working_folder() / f"20260101-00000{number}-quick"
        folder.mkdir(parents=True)
        trainings.Job(folder).write_progress(Progress(state="failed", message="made up"))
    trainings.delete_old_jobs()
    assert sorted(folder.name[-7:-6] for folder in paths.working_folder().iterdir()) == ["4", "5", "6", "7", "8"]


def test_a_home_that_cannot_be_written_is_reported_before_anything_starts(own_home):
    own_home.write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="DIGITS_HOME"):
        trainings.start(SHORT)
    assert trainings.current() is None
