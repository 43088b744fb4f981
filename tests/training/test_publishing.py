"""The trainer before and after fitting, which is replaced by a stub."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from digit_core.errors import StorageError
from digit_core.jobs import recovery, trainings
from digit_core.jobs.training_job import Cancelled, Request
from digit_core.runs.active_run import activate, read_active
from digit_core.runs.checkpoints import CHECKPOINT
from digit_core.runs.config import training_config
from digit_core.runs.run import BINARY, SHIPPED, list_runs, open_run
from digit_core.runs.schemas import Progress
from digit_core.storage import paths
from digit_core.training import figures, fit, training_data, worker

FULL = StorageError("config.json could not be written: the disk is full. Free some space and try again.")
ACCURACY = f"{open_run(SHIPPED).metrics.accuracy:.2%}"
SETTINGS = json.loads((paths.SHIPPED_RUN / "config.json").read_text())["config"]


def fill(config, folder, report, **_):
    """A stub of `train`: leaves a complete run and a checkpoint."""
    report(Progress(state="evaluating", message="Evaluating", epochs=5))
    shutil.copytree(paths.SHIPPED_RUN, folder, dirs_exist_ok=True)
    (folder / CHECKPOINT).mkdir()
    report(Progress(state="publishing", message="Drawing the figures", epochs=5))


@pytest.fixture
def job(own_home, monkeypatch):
    """A job that `worker._train` can be called with in this process."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(worker, "lower_priority", lambda: None)
    monkeypatch.setattr(worker, "_end_for_certain", lambda: None)
    monkeypatch.setattr("digit_core.training.fit.train", fill)
    folder = paths.working_folder() / "20260101-120000-quick"
    folder.mkdir(parents=True)
    job = trainings.Job(folder)
    job.write_request(Request(config=SETTINGS, command="a test"))
    yield job
    signal.signal(signal.SIGTERM, before)


def stub_training(monkeypatch, before=lambda: None, after=lambda: None):
    """Do something before or after the run is complete."""

    def filled(config, folder, report, **options):
        before()
        fill(config, folder, report, **options)
        after()

    monkeypatch.setattr("digit_core.training.fit.train", filled)


def test_a_cancel_is_seen_while_the_data_are_fetched(own_home, tmp_path, monkeypatch):
    messages = []

    def fetch(_name, report):
        for percent in range(100):
            report(percent / 100)

    monkeypatch.setattr(training_data, "load_dataset", fetch)
    with pytest.raises(Cancelled):
        fit.train(
            training_config("quick"),
            tmp_path,
            command="a test",
            report=lambda progress: messages.append(progress.message),
            cancelled=lambda: any("5%" in message for message in messages),
        )
    assert messages[-1] == "Downloading the data: 5%"


def refuse(*_):
    raise FULL


def test_a_complete_training_is_published_activated_and_its_checkpoint_deleted(job):
    assert worker._train(job) == 0
    assert read_active().run == job.name
    assert not job.folder.exists()
    assert not (open_run(job.name).path / CHECKPOINT).exists()
    assert job.progress().activated
    assert (
        job.progress().message
        == f"Test accuracy {ACCURACY}. Activated: as many test images correct as the shipped model"
    )


def test_finished_is_written_only_when_the_run_is_in_its_place_and_active(job, monkeypatch):
    seen, write = [], recovery.Job.write_progress

    def note(job, progress):
        seen.append((progress.state, job.folder.parent == paths.runs_folder(), read_active().run == job.name))
        write(job, progress)

    monkeypatch.setattr(recovery.Job, "write_progress", note)
    assert worker._train(job) == 0
    assert seen == [
        ("training", False, False),
        ("evaluating", False, False),
        ("publishing", False, False),
        ("finished", True, True),
    ]


def test_a_run_is_not_activated_unless_requested(job):
    job.write_request(Request(config=SETTINGS, activate=False))
    assert worker._train(job) == 0
    assert read_active().run == SHIPPED
    assert job.progress().message == f"Test accuracy {ACCURACY}"


def test_a_complete_run_that_cannot_be_moved_is_kept_and_published_when_it_can_be(job, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(recovery, "move_into_place", refuse)
        assert worker._train(job) == 1
        trainings.recover()  # no better
    assert job.progress().state == "publishing"
    reported = trainings.progress_of(job)
    assert (reported.state, trainings.resumable(job)) == ("failed", 0)
    assert "The run is complete" in reported.message
    assert all((job.folder / name).exists() for name in BINARY)
    trainings.recover()
    assert trainings.progress_of(job).state == "finished"
    assert open_run(job.name).metrics == open_run(SHIPPED).metrics
    assert read_active().run == job.name
    assert not (paths.runs_folder() / job.name / CHECKPOINT).exists()


def test_a_complete_run_that_could_not_be_published_is_not_deleted(own_home, monkeypatch):
    monkeypatch.setattr(recovery, "move_into_place", refuse)
    for number in range(9):
        folder = paths.working_folder() / f"20260101-00000{number}-quick"
        folder.mkdir(parents=True)
        trainings.Job(folder).write_progress(Progress(state="publishing" if number == 0 else "failed"))
    trainings.recover()
    trainings.delete_old_jobs()
    assert (paths.working_folder() / "20260101-000000-quick").exists()


def test_a_run_that_cannot_be_activated_is_finished_with_the_reason(job, monkeypatch):
    monkeypatch.setattr(recovery, "activate", refuse)
    assert worker._train(job) == 0
    assert trainings.latest().progress().state == "finished"
    assert "It could not be activated: config.json could not be written: the disk is full" in job.progress().message


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal; run it on Linux or macOS")
def test_a_complete_run_is_published_despite_sigterm(job, monkeypatch):
    stub_training(monkeypatch, after=lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert worker._train(job) == 0
    assert (job.progress().state, read_active().run) == ("finished", job.name)


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal; run it on Linux or macOS")
def test_sigterm_before_the_run_is_complete_leaves_no_run(job, monkeypatch):
    stub_training(monkeypatch, before=lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert worker._train(job) == 1
    assert "The system asked the trainer to stop" in job.progress().message
    assert not (paths.runs_folder() / job.name).exists()


def test_a_cancelled_training_leaves_no_run_but_its_checkpoint(job, monkeypatch):
    def cancel_while_training(config, folder, cancelled, **_):
        (folder / CHECKPOINT).mkdir()
        trainings.cancel(job)
        if cancelled():
            raise Cancelled

    monkeypatch.setattr("digit_core.training.fit.train", cancel_while_training)
    assert worker._train(job) == 0
    assert job.progress().state == "cancelled"
    assert [run.name for run in list_runs().runs] == [SHIPPED]
    assert (job.folder / CHECKPOINT).exists()
    assert job.request().config == SETTINGS  # it can be resumed


def test_a_complete_run_that_is_cancelled_is_kept_but_not_activated(job, monkeypatch):
    stub_training(monkeypatch, after=lambda: trainings.cancel(job))
    assert worker._train(job) == 0
    wanted = f"Test accuracy {ACCURACY}. Kept, not activated: it was cancelled when it was already complete"
    assert (job.progress().message, job.progress().activated) == (wanted, False)
    assert open_run(job.name)
    assert read_active().run == SHIPPED


def test_a_trainer_that_cannot_import_tensorflow_reports_the_remedy(job, monkeypatch):
    monkeypatch.setitem(sys.modules, "digit_core.training.fit", None)  # the next import of it fails
    assert worker._train(job) == 1
    progress = trainings.progress_of(job)
    assert progress.state == "failed"
    assert "could not be imported" in progress.message
    assert "run the start command again (python3 scripts/start.py)" in progress.message


def test_settings_that_cannot_be_used_are_reported(job):
    job.write_request(Request(config={"preset": "of another version"}))
    assert worker._train(job) == 1
    assert "request.json has no usable settings" in trainings.progress_of(job).message


def test_a_full_disk_costs_a_figure_and_not_the_run(add_run, monkeypatch, capfd):
    run, write = add_run("20260101-120000-quick"), figures.write_if_folder_exists
    shutil.rmtree(run.path / "figures")

    def full(path, content):
        if path.stem == "confusion":
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, content)

    monkeypatch.setattr(figures, "write_if_folder_exists", full)
    images = np.zeros((len(run.predictions().labels), 28, 28), np.uint8)
    figures.draw_figures(run.path / "figures", run.history(), run.metrics, run.predictions(), images)
    assert "The figure confusion could not be drawn" in capfd.readouterr().err
    run.check()
    assert set(run.figures()) == {"confusion_rates", "curves", "precision_recall", "samples", "worst_mistakes"}
    assert not list(run.path.rglob("*/confusion.*"))


def test_another_run_that_was_activated_since_a_trainer_was_killed_stays_active(job, monkeypatch, add_run):
    with monkeypatch.context() as patch:
        patch.setattr(recovery, "move_into_place", refuse)
        assert worker._train(job) == 1
    activate(add_run("20260102-120000-quick").name)
    moment = job.progress().updated + 60  # a minute later, whatever the file system's clock
    os.utime(paths.active_file(), (moment, moment))
    trainings.recover()
    assert read_active().run == "20260102-120000-quick"
    assert "another run was activated in the meantime" in job.progress().message


_STUCK = """
import sys, time
from pathlib import Path
import digit_core.training.fit as training
from digit_core.jobs.training_job import Cancelled

class Stuck:
    def __del__(self):
        time.sleep(600)

def train(*_, **__):
    held = Stuck()
    raise Cancelled

training.train = train
sys.argv = ["digit_core.training", "train", sys.argv[1]]
from digit_core.jobs.task_runner import exit_at_once
from digit_core.training.__main__ import main
exit_at_once(main())
"""


def test_a_cancelled_trainer_ends_even_if_freeing_its_objects_hangs(job):
    command = [sys.executable, "-c", _STUCK, str(job.folder)]
    with subprocess.Popen(command, cwd=paths.PROJECT, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while trainings.progress_of(job) is None or job.progress().state != "cancelled":
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)  # another process: there is nothing to wait on
        try:
            assert process.wait(5) == 0
        finally:
            process.kill()
