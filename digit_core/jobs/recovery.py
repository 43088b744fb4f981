"""How a training ends, also one whose trainer was killed.

The trainer ends a training with `publish`, `mark_cancelled` or `mark_failed`. If it is killed, its
last state stays on disk while no process holds the lock: `progress_of` reports that and changes
nothing, `recover` repairs it.
"""

import contextlib
import sys
import time

from filelock import FileLock

from digit_core.errors import DamagedRun, DigitError
from digit_core.jobs.machine_lock import lock_owner
from digit_core.jobs.task_queue import TaskQueue
from digit_core.jobs.training_job import Job, visible_folders, working_jobs
from digit_core.runs.active_run import activate, changed_since, read_active, sweep_active
from digit_core.runs.publishing import move_into_place, sweep_deleted
from digit_core.runs.run import BINARY, Run, is_training_name
from digit_core.runs.schemas import ACTIVE, Progress
from digit_core.storage import paths
from digit_core.storage.files import make_folder

STARTING_SECONDS = 60  # how long a trainer may take from its start to holding the lock
_KILLED = "The trainer was killed or crashed. Nothing else was changed."
_UNPUBLISHED = (
    "The run is complete, but not published yet: the trainer was killed, or the disk was full. "
    "It is published the next time the app or a training starts."
)


def progress_of(job: Job) -> Progress | None:
    """The progress of a training, or None if it cannot be read. Changes nothing.

    A training whose trainer was killed is reported as failed, at the time of its last progress.
    """
    killed = _killed(job)
    if killed is None or killed.state == "finished":
        return job.progress()
    message = _UNPUBLISHED if killed.state == "publishing" else _KILLED
    return killed.model_copy(update={"state": "failed", "message": message})


def publish(job: Job, due: float | None = None) -> Progress:
    """Move a complete training to the runs, activate the run if requested, and only then call it finished.

    Steps that were done before a kill are skipped. `due` is when to publish, in Unix seconds
    (default: now); a run that was activated after that stays active. Returns the outcome: finished,
    or failed if the folder is damaged. Raises StorageError or OSError if it cannot be done now;
    `recover` tries again.
    """
    due, request = due or time.time(), job.request()
    try:
        if job.folder.parent != paths.runs_folder():
            _sweep(job)
            job = Job(move_into_place(job.folder).path)
        message = f"Test accuracy {Run(job.folder).metrics.accuracy:.2%}"
    except DamagedRun as error:
        return _end(job, "failed", str(error))
    if request.activate:
        message += f". {_activate(job.name, due)}"
    elif request.cancel:
        message += ". It was cancelled too late, so it was kept, but not activated"
    return _end(job, "finished", message)


def mark_cancelled(job: Job) -> None:
    """Record that a training was cancelled. Raises StorageError."""
    _end(job, "cancelled", "Cancelled. Nothing was changed.")


def mark_failed(job: Job, reason: str, updated: float | None = None) -> None:
    """Record that a training ended without a run, and why; `updated` is in Unix seconds (default: now).

    Raises StorageError.
    """
    for name in BINARY:  # useless now, and on a full disk the reason needs the space
        (job.folder / name).unlink(missing_ok=True)
    _end(job, "failed", reason, updated)


def recover() -> None:
    """Repair what killed trainers left in this home: at app start, and before a training is started.

    A complete run is published and activated as requested; any other training is marked as failed. A
    queue of background tasks that a kill stopped continues.
    Raises nothing: what cannot be repaired now, as on a full disk, is reported on stderr and left as it is.
    """
    if not paths.home().is_dir():
        return
    try:
        with FileLock(make_folder(paths.home()) / ".recovery.lock", timeout=10, thread_local=False):
            runs = [Job(folder) for folder in visible_folders(paths.runs_folder()) if is_training_name(folder.name)]
            for job in [*working_jobs(), *runs]:
                try:
                    _recover(job)
                except (DigitError, OSError) as error:
                    print(f"{job.name} could not be recovered: {error}", file=sys.stderr)
            for folder in (paths.working_folder(), paths.runs_folder()):
                sweep_deleted(folder)
            sweep_active()
            TaskQueue().start_next()
    except (DigitError, OSError) as error:
        print(f"Trainings that were killed could not be recovered: {error}", file=sys.stderr)


def _recover(job: Job) -> None:
    progress = _killed(job)
    if progress is None:
        return
    if progress.state in ("publishing", "finished"):
        publish(job, progress.updated)
    else:
        mark_failed(job, _KILLED, progress.updated)
    _sweep(job)


def _killed(job: Job) -> Progress | None:
    """The last progress of a training whose trainer was killed; None for any other training."""
    progress = job.progress()
    if not _is_unfinished(job, progress) or _has_trainer(job, progress):
        return None
    progress = job.progress()  # it may have ended in the meantime
    return progress if _is_unfinished(job, progress) else None


def _is_unfinished(job: Job, progress: Progress | None) -> bool:
    if progress is None:
        return False
    # Earlier versions wrote "finished" before the run was in its place.
    is_unpublished = job.folder.parent == paths.working_folder() and job.folder.is_dir()
    return progress.state in ACTIVE or (progress.state == "finished" and is_unpublished)


def _has_trainer(job: Job, progress: Progress) -> bool:
    if progress.state == "waiting" and time.time() - progress.updated < STARTING_SECONDS:
        return True
    owner = lock_owner()
    return owner is not None and owner.folder == paths.working_folder() / job.name


def _activate(name: str, due: float) -> str:
    """Activate a run; returns the outcome as a sentence."""
    if read_active().run != name and changed_since(due):  # recovery can be days later
        return "It was not activated, because another run was activated in the meantime"
    try:
        activate(name)
    except (DigitError, OSError) as error:
        print(error, file=sys.stderr)
        return f"It could not be activated: {str(error).removesuffix('.')}"
    return "It was made active"


def _end(job: Job, state: str, message: str, updated: float | None = None) -> Progress:
    last = job.progress() or Progress()
    values = {"state": state, "message": message, "seconds_left": None, "updated": updated or time.time()}
    progress = last.model_copy(update=values)
    job.write_progress(progress)
    return progress


def _sweep(job: Job) -> None:
    """Delete the temporary files of writes that were killed."""
    for path in job.folder.rglob(".*"):
        with contextlib.suppress(OSError):
            if path.is_file():
                path.unlink()
