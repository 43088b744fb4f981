"""Trainings that wait for their turn, and trainings of other machines that share the home."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from digit_core.errors import TrainingBusy, TrainingFailed
from digit_core.jobs import launching, recovery, training_queue, trainings
from digit_core.jobs.machine_lock import machine_lock, write_owner
from digit_core.runs.config import training_config
from digit_core.runs.schemas import Progress
from digit_core.storage import machine, paths

CONFIG = training_config("quick", data="digits")
FOREIGN = "another-machine-12345678"


class Launched(list):
    """The trainings that were launched, without a trainer: this process holds the lock in its place."""

    lock = None

    def launch(self, job):
        self.lock = machine_lock()
        self.lock.acquire(timeout=1)
        write_owner(job.folder)
        job.write_progress(job.progress().model_copy(update={"state": "training"}))
        self.append(job)

    def end(self):
        recovery.mark_failed(self[-1], "for the test")
        self.lock.release()


@pytest.fixture
def launched(own_home, monkeypatch):
    launched = Launched()
    monkeypatch.setattr(launching, "launch", launched.launch)
    yield launched
    if launched.lock:
        launched.lock.release(force=True)


def test_a_training_waits_while_another_is_running_and_they_start_in_order(launched):
    first, second, third = (trainings.start(CONFIG) for _ in range(3))
    assert launched == [first]
    assert training_queue.queued_jobs() == [second, third]
    trainings.start_next()
    assert launched == [first]
    launched.end()
    trainings.start_next()
    assert launched == [first, second]
    launched.end()
    trainings.start_next()
    assert launched == [first, second, third]
    assert training_queue.queued_jobs() == []


def test_of_many_simultaneous_requests_one_starts_and_all_others_wait(launched):
    with ThreadPoolExecutor(8) as people:
        jobs = list(people.map(lambda _: trainings.start(CONFIG), range(8)))
    assert len(launched) == 1
    assert {*launched, *training_queue.queued_jobs()} == set(jobs)
    assert len(set(jobs)) == 8


def test_a_full_queue_refuses_and_leaves_no_folder(launched, monkeypatch):
    monkeypatch.setattr(training_queue, "MOST_QUEUED", 2)
    jobs = [trainings.start(CONFIG) for _ in range(3)]
    with pytest.raises(TrainingBusy, match="2 trainings are in the queue already"):
        trainings.start(CONFIG)
    assert sorted(folder.name for folder in paths.working_folder().iterdir()) == sorted(job.name for job in jobs)


def test_a_waiting_training_that_is_cancelled_never_starts(launched):
    first, second, third = (trainings.start(CONFIG) for _ in range(3))
    trainings.cancel(second)
    assert trainings.progress_of(second).state == "cancelled"
    launched.end()
    trainings.start_next()
    assert launched == [first, third]


def test_a_waiting_training_is_neither_dead_nor_the_latest_and_survives_recovery(launched):
    first, second = trainings.start(CONFIG), trainings.start(CONFIG)
    launched.end()
    trainings.recover()
    assert trainings.progress_of(second).state == "queued"
    assert trainings.latest() == first


def test_a_waiting_training_that_cannot_be_started_does_not_block_the_next(launched, monkeypatch):
    first, second, third = (trainings.start(CONFIG) for _ in range(3))
    launched.end()
    launch = launching.launch

    def fail_once(job):
        if job == second:
            raise TrainingFailed("The trainer did not start.")
        launch(job)

    monkeypatch.setattr(launching, "launch", fail_once)
    trainings.start_next()
    assert (second.progress().state, second.progress().message) == ("failed", "The trainer did not start.")
    assert launched == [first, third]


@pytest.fixture
def foreign(own_home):
    """A training on another machine, as it looks in the shared home."""
    job = trainings.Job(paths.working_folder() / "20260101-120000-quick")
    job.folder.mkdir(parents=True)
    (job.folder / "model.keras").write_text("half a model")
    job.write_progress(Progress(state="training", process=1, machine=FOREIGN))
    return job


def test_a_training_on_another_machine_is_current_and_not_taken_for_dead(foreign):
    assert trainings.current() == foreign
    trainings.recover()
    assert trainings.progress_of(foreign).state == foreign.progress().state == "training"
    assert (foreign.folder / "model.keras").exists()
    waiting = trainings.start(CONFIG)
    assert training_queue.queued_jobs() == [waiting]
    trainings.start_next()
    assert training_queue.queued_jobs() == [waiting]


def test_a_training_on_another_machine_is_dead_after_ten_minutes_of_silence(foreign):
    old = foreign.progress().model_copy(update={"updated": time.time() - training_queue.SILENCE_SECONDS - 1})
    foreign.write_progress(old)
    assert trainings.current() is None
    assert trainings.progress_of(foreign).state == "failed"
    trainings.recover()
    assert foreign.progress().state == "failed"


def test_a_training_on_this_machine_without_a_trainer_is_dead_at_once(foreign):
    foreign.write_progress(Progress(state="training", machine=machine.this_machine()))
    assert trainings.progress_of(foreign).state == "failed"


def test_cancelling_a_training_of_another_machine_ends_no_process_of_this_one(foreign):
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "digit_core.training"])
    try:
        foreign.write_progress(Progress(state="training", process=bystander.pid, machine=FOREIGN))
        trainings.cancel(foreign)
        assert foreign.request().cancel  # its trainer looks at this
        foreign.write_progress(
            Progress(state="cancelled", process=bystander.pid, machine=FOREIGN, updated=time.time() - 60)
        )
        assert trainings.progress_of(foreign).state == "cancelled"
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_the_machines_own_training_comes_before_one_elsewhere(foreign):
    own = paths.working_folder() / "20260102-120000-quick"
    with machine_lock():
        write_owner(own)
        assert trainings.current() == trainings.Job(own)
    assert trainings.current() == foreign


def test_a_machine_keeps_its_name_and_another_host_has_another(monkeypatch):
    assert machine.this_machine() == machine.this_machine()
    assert machine.is_here(machine.this_machine())
    assert machine.is_here("")  # a record of an earlier version
    assert not machine.is_here(FOREIGN)
    here = machine.this_machine()
    monkeypatch.setattr(machine.socket, "gethostname", lambda: "elsewhere")
    machine.this_machine.cache_clear()
    try:
        assert machine.this_machine() != here
    finally:
        machine.this_machine.cache_clear()
