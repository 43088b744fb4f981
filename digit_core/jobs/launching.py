"""Give a training to a trainer in its turn: to one that waits with TensorFlow imported, or to a new process."""

import sys
import time
from collections.abc import Callable

from digit_core.errors import DigitError, TrainingBusy, TrainingFailed
from digit_core.jobs import warm_trainer
from digit_core.jobs.machine_lock import lock_owner
from digit_core.jobs.processes import is_alive, last_line, room_command, start_process
from digit_core.jobs.recovery import STARTING_SECONDS, mark_failed
from digit_core.jobs.training_job import Job
from digit_core.jobs.training_queue import add_to_queue, current, queued_jobs, start_lock
from digit_core.runs.schemas import Progress


def write_waiting(job: Job, epochs: int) -> None:
    """Record that a training waits for its trainer, with room on the disk for how it ends. Raises StorageError."""
    job.reserve_space()
    now = time.time()
    job.write_progress(Progress(epochs=epochs, message="Starting the trainer", done=0.0, started=now, updated=now))


def launch_or_queue(job: Job) -> None:
    """Start the trainer of a training, or put the training in the queue if another one is running or waiting.

    Raises TrainingBusy if the queue is full, TrainingFailed or StorageError.
    """
    with start_lock():
        if current() is None and not queued_jobs():
            try:
                return launch(job)
            except TrainingBusy:  # a training of another home on this machine was faster
                pass
        add_to_queue(job)


def start_next() -> None:
    """Start the training that has waited longest, if none is running. Raises nothing: what fails is tried again.

    A trainer does this when it ends, and so does whatever watches, as a trainer that is killed does not.
    """
    try:
        if queued_jobs() and current() is None:
            with start_lock(wait=False):
                for job in queued_jobs():
                    if current() is not None or _launch_queued(job):
                        return
    except TrainingBusy:
        pass  # another process is starting one
    except (DigitError, OSError) as error:
        print(f"The next training could not be started: {error}", file=sys.stderr)


def _launch_queued(job: Job) -> bool:
    """Whether a waiting training was started; if it cannot be, it has failed."""
    queued = job.progress()
    try:
        write_waiting(job, queued.epochs)
        launch(job)
        return True
    except TrainingBusy:
        job.write_progress(queued)
    except DigitError as error:
        mark_failed(job, str(error))
    return False


def launch(job: Job) -> None:
    """Start the trainer and wait until it holds the machine's lock.

    Raises TrainingBusy if another training holds it, or TrainingFailed.
    """
    warm = warm_trainer.hand_over(job.folder)
    if warm is not None and _has_begun(job, lambda: is_alive(warm)):
        return
    log = job.folder / "train.log"
    process = start_process(log, room_command("training", "train", str(job.folder)))
    if _has_begun(job, lambda: process.poll() is None):
        return
    process.kill()
    if lock_owner() is not None:
        raise TrainingBusy("Another training is running on this machine.")
    raise TrainingFailed(f"The trainer did not start. {last_line(log)}".strip())


def _has_begun(job: Job, is_running: Callable[[], bool]) -> bool:
    """Wait until the trainer holds the machine's lock; False if it ends before that, or takes too long."""
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline:
        alive = is_running()  # before its progress is read, which may be its last act
        progress = job.progress()
        if progress and progress.state != "waiting":
            return True
        if not alive:
            return False
        time.sleep(0.02)  # a bounded wait for another process, outside of any page's script loop
    return False
