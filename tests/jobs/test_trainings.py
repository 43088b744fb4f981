"""Trainings by their files, mostly without a trainer."""

import os
import signal
import subprocess
import sys
import time

import pytest

from digit_core.errors import TrainingFailed
from digit_core.jobs import launching, machine_lock, processes, recovery, trainings
from digit_core.jobs.training_job import Request
from digit_core.runs.config import training_config
from digit_core.runs.schemas import Progress
from digit_core.storage import paths
from tests.waiting import wait_for

NAME = "20260101-120000-quick"


def test_a_message_to_a_training_that_has_become_a_run_does_not_recreate_its_folder(add_run):
    run = add_run(NAME)
    job = trainings.Job(paths.working_folder() / NAME)
    trainings.cancel(job)
    job.write_request(Request())
    job.write_progress(Progress(state="failed"))
    assert not job.folder.exists()
    assert not (run.path / "request.json").exists()


def test_the_latest_training_is_the_one_with_the_latest_progress_not_the_one_started_last(add_run):
    for name, updated in (("20260101-120000-quick", 3000), ("20260102-120000-quick", 2000)):
        folder = paths.working_folder() / name
        folder.mkdir(parents=True)
        trainings.Job(folder).write_progress(Progress(state="failed"))
        os.utime(folder / "progress.json", (updated, updated))
    run = add_run("20260103-120000-quick")
    trainings.Job(run.path).write_progress(Progress(state="finished"))
    os.utime(run.path / "progress.json", (1000, 1000))
    add_run("20260104-120000-quick")  # without progress, as one copied from another machine
    assert trainings.latest().name == "20260101-120000-quick"
    trainings.Job(run.path).write_progress(Progress(state="finished"))
    assert trainings.latest().name == run.name


@pytest.fixture
def killed(own_home):
    """A training whose trainer was killed a while ago."""
    job = trainings.Job(paths.working_folder() / NAME)
    job.folder.mkdir(parents=True)
    job.write_progress(Progress(state="training", updated=1000))
    return job


def files(folder):
    """The content of every file."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_killed_training_is_reported_as_failed_and_nothing_is_written(killed):
    before = files(paths.home())
    progress = trainings.progress_of(killed)
    assert progress.state == "failed"
    assert "trainer was killed" in progress.message
    assert progress.updated == 1000  # its last progress
    assert trainings.stopped_jobs() == [killed]
    assert trainings.latest() == killed
    assert trainings.resumable(killed) == 0
    assert files(paths.home()) == before


def test_recovery_records_once_that_a_killed_training_failed(killed, monkeypatch):
    for name in ("model.keras", ".progress.json.abc12345"):
        (killed.folder / name).write_text("half a file")
    (paths.working_folder() / ".20250101-120000-quick.deleted").mkdir()
    (paths.home() / ".active.json.abc12345").write_text("{")
    trainings.recover()
    assert (killed.progress().state, killed.progress().updated) == ("failed", 1000)
    kept = [path.name for path in paths.home().rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert kept == ["progress.json"]
    assert [path.name for path in paths.working_folder().iterdir()] == [NAME]
    before = files(paths.home())
    monkeypatch.setattr(trainings.Job, "write_progress", None)
    trainings.recover()
    assert files(paths.home()) == before


def test_recovery_does_not_touch_a_running_training(killed):
    with machine_lock.machine_lock():
        machine_lock.write_owner(killed.folder)
        trainings.recover()
        assert trainings.progress_of(killed).state == killed.progress().state == "training"
        killed.write_progress(Progress(state="publishing"))
        moved = paths.runs_folder() / NAME
        moved.parent.mkdir()
        killed.folder.rename(moved)
        assert trainings.latest() == trainings.Job(moved)
        # Its trainer's record in the lock still names the working folder.
        assert trainings.progress_of(trainings.latest()).state == "publishing"


def test_recovery_does_not_touch_a_training_that_is_starting(killed):
    killed.write_progress(Progress(state="waiting"))
    trainings.recover()
    assert trainings.progress_of(killed).state == "waiting"
    killed.write_progress(Progress(state="waiting", updated=time.time() - recovery.STARTING_SECONDS - 1))
    trainings.recover()
    assert killed.progress().state == "failed"


def test_recovery_neither_creates_nor_needs_a_home(own_home):
    trainings.recover()
    assert not own_home.exists()
    own_home.write_text("a file where the folder should be")
    trainings.recover()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a named pipe; run it on Linux or macOS")
def test_a_named_pipe_in_place_of_the_progress_does_not_block(killed):
    (killed.folder / "progress.json").unlink()
    os.mkfifo(killed.folder / "progress.json")
    assert killed.progress() is None
    assert trainings.progress_of(killed) is None


def test_a_trainer_that_does_not_start_in_time_is_killed_and_reported(own_home, monkeypatch):
    started = []

    def start_process(log_path, _command):
        log_path.write_text("Loading for ever\n")
        started.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]))
        return started[0]

    monkeypatch.setattr(launching, "start_process", start_process)
    monkeypatch.setattr(launching, "STARTING_SECONDS", 0.1)
    with pytest.raises(TrainingFailed, match="did not start. Loading for ever"):
        trainings.start(training_config("quick", data="digits"))
    assert started[0].wait(10) != 0
    assert not list(paths.working_folder().iterdir())


_STUBBORN = """
import os, signal, sys, time
from pathlib import Path
from digit_core.jobs.machine_lock import machine_lock, write_owner
from digit_core.jobs.training_job import Job
from digit_core.runs.schemas import Progress
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with machine_lock():
    write_owner(Path(sys.argv[1]))
    Job(Path(sys.argv[1])).write_progress(Progress(state=sys.argv[2]))
    time.sleep(600)
"""


@pytest.fixture
def stubborn_trainer(own_home, request):
    """A training in the state `request.param` whose trainer ignores SIGTERM; with its process."""
    job = trainings.Job(paths.working_folder() / NAME)
    job.folder.mkdir(parents=True)
    process = subprocess.Popen([sys.executable, "-c", _STUBBORN, str(job.folder), request.param], cwd=paths.PROJECT)
    wait_for(lambda: trainings.current() == job and job.progress())
    yield job, process
    process.kill()
    process.wait()


@pytest.mark.parametrize("stubborn_trainer", ["training", "evaluating"], indirect=True)
def test_a_cancelled_trainer_that_ignores_sigterm_is_killed(stubborn_trainer, monkeypatch):
    job, process = stubborn_trainer
    monkeypatch.setattr(processes, "_TERMINATION_SECONDS", 0.2)
    trainings.cancel(job)
    assert process.wait(10) == -signal.SIGKILL
    assert trainings.progress_of(job).state == job.progress().state == "cancelled"
    assert trainings.current() is None


@pytest.mark.parametrize("stubborn_trainer", ["publishing"], indirect=True)
def test_a_trainer_that_is_publishing_is_not_killed(stubborn_trainer, monkeypatch):
    job, process = stubborn_trainer
    monkeypatch.setattr(processes, "_TERMINATION_SECONDS", 0.2)
    trainings.cancel(job)
    assert process.poll() is None
    assert (job.progress().state, job.request().cancel) == ("publishing", True)


def test_a_cancelled_trainer_has_less_than_five_seconds():
    assert processes._TERMINATION_SECONDS < 5
