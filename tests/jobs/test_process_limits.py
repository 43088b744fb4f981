"""A background process that takes too much memory or time is ended, with a reason."""

import subprocess
import sys
import threading

import pytest

from digit_core.jobs import process_limits
from digit_core.jobs.process_limits import LimitWatch, ProcessLimits, memory_limit, training_limits, used_megabytes
from digit_core.jobs.training_job import Job
from digit_core.runs.schemas import Progress
from digit_core.storage import paths
from tests.processes import linux

NAME = "20260101-120000-quick-no1"
_TRAINER = """
import sys, time, types
from pathlib import Path
from digit_core.jobs.training_job import Job
from digit_core.training import worker
def fill(job, warm):
    worker._write(job, job.progress().model_copy(update={"state": sys.argv[2]}))
    filled = bytearray(b"x") * int(sys.argv[3])
    time.sleep(float(sys.argv[4]))
worker._fill, worker._publish, worker.lower_priority = fill, lambda job: 7, lambda: None
sys.exit(worker._train(Job(Path(sys.argv[1]))))
"""


@pytest.fixture
def job(own_home) -> Job:
    job = Job(paths.working_folder() / NAME)
    job.folder.mkdir(parents=True)
    job.write_progress(Progress(state="training", epochs=3))
    (job.folder / "model.keras").write_bytes(b"half of it")
    return job


def train(job: Job, state: str = "training", megabytes: int = 0, seconds: float = 600) -> int:
    """The exit code of a trainer that takes so much memory and time."""
    arguments = [str(job.folder), state, str(megabytes * 1_000_000), str(seconds)]
    return subprocess.call([sys.executable, "-c", _TRAINER, *arguments], cwd=paths.PROJECT)


@linux
def test_a_training_that_needs_too_much_memory_ends_with_the_reason(job, monkeypatch):
    monkeypatch.setenv("DIGITS_TRAINING_MEMORY_MB", "400")
    assert train(job, megabytes=500) == 1
    progress = job.progress()
    assert progress.state == "failed"
    assert "needed more than 400 MB of memory, which is the limit (DIGITS_TRAINING_MEMORY_MB)" in progress.message
    assert "smaller batch size" in progress.message
    assert not (job.folder / "model.keras").exists()


def test_a_training_that_takes_too_long_ends_and_can_be_resumed(job, monkeypatch):
    (job.folder / "backup").mkdir()
    (job.folder / "backup" / "training_metadata.json").write_text('{"epoch": 2, "batch": 0}')
    monkeypatch.setenv("DIGITS_TRAINING_HOURS", "0.0001")
    assert train(job) == 1
    assert job.progress().state == "failed"
    assert "longer than 0.0001 hours, which is the limit (DIGITS_TRAINING_HOURS)" in job.progress().message
    assert "can be resumed after its last complete epoch" in job.progress().message


def test_a_run_that_is_complete_is_published_whatever_the_limit(job, monkeypatch):
    monkeypatch.setenv("DIGITS_TRAINING_HOURS", "0.0001")
    assert train(job, "publishing", seconds=1.5) == 7
    assert job.progress().state == "publishing"


def test_a_setting_that_is_no_number_is_the_reason(job, monkeypatch):
    monkeypatch.setenv("DIGITS_TRAINING_HOURS", "a day")
    assert train(job) == 1
    assert "DIGITS_TRAINING_HOURS should be a number above 0, got 'a day'" in job.progress().message


def test_the_default_limits_are_those_of_the_machine(monkeypatch):
    monkeypatch.setattr(process_limits, "_machine_megabytes", lambda: 8000.0)
    assert memory_limit() == 6000
    assert training_limits().seconds == 12 * 3600


def test_a_watch_that_is_stopped_never_calls():
    called = threading.Event()
    watch = LimitWatch(ProcessLimits(used_megabytes() + 1e6, 3600), lambda _: called.set())
    watch.start()
    watch.stop()
    watch.join(10)
    assert not watch.is_alive() and not called.is_set()
