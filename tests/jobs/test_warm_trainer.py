"""The trainer that waits for a training, by its files; and once as a process."""

import os
import signal
import subprocess
import sys
import time

import pytest

from digit_core.jobs import trainings, warm_trainer
from digit_core.jobs.machine_lock import machine_lock
from digit_core.jobs.training_job import Job
from digit_core.runs.config import training_config
from digit_core.runs.schemas import ACTIVE
from digit_core.storage import paths
from tests.processes import is_gone, linux
from tests.waiting import wait_for


@pytest.fixture(autouse=True)
def never_called(monkeypatch):
    """A process that has not called `keep_warm` yet, on a machine with enough memory."""
    monkeypatch.setattr(warm_trainer, "_last", {"start": -1e9, "touch": -1e9})
    monkeypatch.setattr(warm_trainer, "_available_bytes", lambda: 1e12)


@pytest.fixture
def started(monkeypatch):
    """The commands of trainers that were to be started."""
    commands = []
    monkeypatch.setattr(warm_trainer, "start_process", lambda log, command: commands.append(command))
    return commands


def test_a_trainer_is_started_once_however_often_a_page_asks(own_home, started):
    for _ in range(50):
        warm_trainer.keep_warm()
    assert len(started) == 1
    assert (paths.warm_trainer_folder() / "wanted").exists()


def test_none_is_started_beside_a_training_or_without_memory(own_home, started, monkeypatch):
    with machine_lock():
        warm_trainer.keep_warm()
    monkeypatch.setattr(warm_trainer, "_last", {"start": -1e9, "touch": -1e9})
    monkeypatch.setattr(warm_trainer, "_available_bytes", lambda: 1e9)
    warm_trainer.keep_warm()
    assert started == []


def test_a_home_that_cannot_be_written_is_no_error(own_home, started):
    own_home.write_text("a file where the folder should be")
    warm_trainer.keep_warm()
    assert started == []


def test_a_job_that_nobody_takes_is_withdrawn(own_home, monkeypatch):
    monkeypatch.setattr(warm_trainer, "_TAKEN_WITHIN", 0.1)
    monkeypatch.setattr(warm_trainer, "is_held", lambda path: True)
    folder = paths.warm_trainer_folder()
    folder.mkdir(parents=True)
    (folder / "ready.json").write_text(warm_trainer.identity(os.getpid()).model_dump_json())
    assert warm_trainer.is_warm()
    assert warm_trainer.hand_over(paths.working_folder() / "a job") is None
    assert not (folder / "job.json").exists()
    other = warm_trainer.identity(os.getpid()).model_copy(update={"mnist": "/elsewhere/mnist.npz"})
    (folder / "ready.json").write_text(other.model_dump_json())
    assert not warm_trainer.is_warm()


@linux
def test_a_waiting_trainer_takes_a_job_at_once_and_dies_with_its_cancel(training_home):
    warm_trainer.keep_warm()
    pid = wait_for(lambda: warm_trainer.waiting_process())
    assert trainings.current() is None  # it holds no lock of a training
    job = trainings.start(training_config("two_block", data="digits", epochs=500, patience=500), window="a tab")
    assert job.progress().process == pid
    assert job.request().window == "a tab"
    assert not warm_trainer.is_warm()
    wait_for(lambda: job.progress().step > 0 or job.progress().state not in ACTIVE)
    started = time.monotonic()
    trainings.cancel(job, window="another tab")
    assert is_gone(pid)
    assert time.monotonic() - started < 60  # its 500 epochs would take longer, on a busy machine too
    assert trainings.progress_of(job).state == "cancelled"
    assert job.request().cancelled_by == "another tab"


@linux
def test_a_waiting_trainer_that_is_killed_falls_back_to_a_cold_start(training_home):
    warm_trainer.keep_warm()
    pid = wait_for(lambda: warm_trainer.waiting_process())
    os.kill(pid, signal.SIGSTOP)  # alive, and takes nothing
    try:
        job = trainings.start(training_config("two_block", data="digits", epochs=500, patience=500))
        assert job.progress().process != pid
    finally:
        os.kill(pid, signal.SIGKILL)
    trainings.cancel(job)
    wait_for(lambda: trainings.current() is None)


@linux
def test_a_waiting_trainer_ends_with_the_app_that_started_it(own_home):
    script = "from digit_core.jobs import warm_trainer; warm_trainer.keep_warm(); input()"
    app = subprocess.Popen([sys.executable, "-c", script], cwd=paths.PROJECT, stdin=subprocess.PIPE)
    pid = wait_for(lambda: warm_trainer.waiting_process())
    app.kill()
    app.wait()
    wait_for(lambda: is_gone(pid))


@linux
def test_an_unused_trainer_ends(own_home):
    warm_trainer.keep_warm()
    pid = wait_for(lambda: warm_trainer.waiting_process())
    long_ago = time.time() - warm_trainer.UNUSED_SECONDS - 1
    os.utime(paths.warm_trainer_folder() / "wanted", (long_ago, long_ago))
    wait_for(lambda: is_gone(pid))
    assert Job(paths.working_folder()).progress() is None
