"""The trainings of a home that wait for their turn, on any of the machines that share it.

A waiting training is a working folder whose progress says "queued"; the order is that of the requests.
The lock here is held while one is started or queued, so that two machines do not start two at once.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from digit_core.errors import TrainingBusy
from digit_core.jobs.machine_lock import lock_owner
from digit_core.jobs.training_job import Job, working_jobs
from digit_core.runs.schemas import ACTIVE, Progress
from digit_core.storage import paths
from digit_core.storage.files import make_folder, storage_errors
from digit_core.storage.machine import is_here

MOST_QUEUED = 20
# After which a training on another machine counts as dead. It reports several times a second, but not while it
# generates data, and the clocks of machines differ.
SILENCE_SECONDS = 600
_PATIENCE = 90  # seconds; a trainer may take 60 to start


def current() -> Job | None:
    """The training in progress on this machine, for any checkout and home, or for this home on another machine."""
    owner = lock_owner()
    return Job(owner.folder) if owner else running_elsewhere()


def queued_jobs() -> list[Job]:
    """The waiting trainings of this home, the next one first."""
    waiting = [(progress.started or 0.0, job) for job in working_jobs() if (progress := _queued(job))]
    return [job for _, job in sorted(waiting, key=lambda pair: (pair[0], pair[1].name))]


def add_to_queue(job: Job) -> None:
    """Let a training wait that was to start now. Only while `start_lock` is held.

    Raises TrainingBusy if 20 wait already, or StorageError.
    """
    if len(queued_jobs()) >= MOST_QUEUED:
        raise TrainingBusy(f"{MOST_QUEUED} trainings are in the queue already. Wait for some of them, or cancel one.")
    if (progress := job.progress()) is not None:
        job.write_progress(progress.model_copy(update={"state": "queued", "message": "In the queue"}))


def is_queued(job: Job) -> bool:
    """Whether a training waits for its turn."""
    return _queued(job) is not None


def elsewhere(progress: Progress) -> bool:
    """Whether a training is running on another machine: it has reported within the last ten minutes."""
    is_running = progress.state in ACTIVE - {"queued", "waiting"} and not is_here(progress.machine)
    return is_running and abs(time.time() - progress.updated) < SILENCE_SECONDS


def running_elsewhere() -> Job | None:
    """The training of this home that is running on another machine, if one is."""
    return next((job for job in working_jobs() if (progress := job.progress()) and elsewhere(progress)), None)


@contextmanager
def start_lock(*, wait: bool = True) -> Iterator[None]:
    """While it is held no other process starts or queues a training of this home.

    Raises StorageError, or TrainingBusy if another process holds it for long, without `wait` at once.
    """
    path = make_folder(paths.home()) / ".starting.lock"
    try:
        with storage_errors(path), FileLock(path, timeout=_PATIENCE if wait else 0, thread_local=False):
            yield
    except Timeout:
        raise TrainingBusy("Another training is being started. Try again in a minute.") from None


def _queued(job: Job) -> Progress | None:
    progress = job.progress()
    return progress if progress is not None and progress.state == "queued" else None
