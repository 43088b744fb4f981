"""Give a training to a trainer: to the one that waits with TensorFlow imported, or to a new process."""

import time
from collections.abc import Callable

from digit_core.errors import TrainingBusy, TrainingFailed
from digit_core.jobs import warm_trainer
from digit_core.jobs.machine_lock import lock_owner
from digit_core.jobs.processes import is_alive, last_line, room_command, start_process
from digit_core.jobs.recovery import STARTING_SECONDS
from digit_core.jobs.training_job import Job


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
