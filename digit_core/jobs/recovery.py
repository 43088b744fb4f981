"""How a training ends, also one whose trainer was killed.

The trainer ends a training with `publish`, `mark_cancelled` or `mark_failed`. When it is killed,
its last state stays on disk while no process holds the lock: `progress_of` reports that and
changes nothing, `recover` puts it right.
"""

import contextlib
import sys
import time

from filelock import FileLock

from digit_core.errors import DamagedRun, DigitError
from digit_core.jobs.machine_lock import trained_folder
from digit_core.jobs.training_job import Job, visible_folders, working_jobs
from digit_core.runs.active_run import activate, changed_since, read_active, sweep_active
from digit_core.runs.publishing import move_into_place, sweep_deleted
from digit_core.runs.run import BINARY, Run, names_a_training
from digit_core.runs.schemas import ACTIVE, Progress
from digit_core.storage import paths
from digit_core.storage.files import make_folder

STARTING_SECONDS = 60  # how long a trainer may take from being asked for to holding the lock
_KILLED = "The trainer was killed or crashed. Nothing else was changed."
_UNPUBLISHED = (
    "The run is complete, but not published yet: the trainer was killed, or the disk was full. "
    "It is published the next time the app or a training starts."
)


def progress_of(job: Job) -> Progress | None:
    """How a training stands, or None if nothing is known of it. Changes nothing.

    One whose trainer was killed is reported as failed, at the time of its last sign of life.
    """
    killed = _killed(job)
    if killed is None:
        return job.progress()
    message = _UNPUBLISHED if killed.state == "publishing" else _KILLED
    return killed.model_copy(update={"state": "failed", "message": message})


def publish(job: Job, due: float | None = None) -> Progress:
    """Move a complete training to the runs, activate it if that was asked for, and then call it finished.

    What was done before a kill is not done again. `due`: when it was to be done, in Unix seconds
    (default: now); a run that was activated after that stays active. Returns the outcome: finished,
    or failed if the folder was damaged. Raises StorageError or OSError if it could not be done now;
    `recover` will try again.
    """
    due, request = due or time.time(), job.request()
    try:
        if job.folder.parent != paths.runs_folder():
            _sweep(job)
            job = Job(move_into_place(job.folder).path)
        accuracy = Run(job.folder).metrics.accuracy
    except DamagedRun as error:
        return _end(job, "failed", str(error))
    if request.activate:
        outcome = _activate(job.name, due)
    elif request.cancel:
        outcome = "It was cancelled too late, so it was kept, but not activated"
    else:
        outcome = None
    return _end(job, "finished", ". ".join(filter(None, [f"Test accuracy {accuracy:.2%}", outcome])))


def mark_cancelled(job: Job) -> None:
    """Record that a training has stopped as it was asked to. Raises StorageError."""
    _end(job, "cancelled", "Cancelled. Nothing was changed.")


def mark_failed(job: Job, reason: str, updated: float | None = None) -> None:
    """Record that a training has ended without a run, and why; `updated`: when, in Unix seconds (default: now).

    Raises StorageError.
    """
    for name in BINARY:  # of no use any more, and on a full disk the reason needs their room
        (job.folder / name).unlink(missing_ok=True)
    _end(job, "failed", reason, updated)


def recover() -> None:
    """Put right what killed trainers left in this home: at app start, and before a training is started.

    A complete run is published and activated as was asked; any other training has failed. Raises
    nothing: what cannot be put right now, as on a full disk, is reported on stderr and stays.
    """
    if not paths.home().is_dir():
        return
    try:
        with FileLock(make_folder(paths.home()) / ".recovery.lock", timeout=10, thread_local=False):
            runs = [Job(folder) for folder in visible_folders(paths.runs_folder()) if names_a_training(folder.name)]
            for job in [*working_jobs(), *runs]:
                try:
                    _recover(job)
                except (DigitError, OSError) as error:
                    print(f"{job.name} could not be recovered: {error}", file=sys.stderr)
            for folder in (paths.working_folder(), paths.runs_folder()):
                sweep_deleted(folder)
            sweep_active()
    except (DigitError, OSError) as error:
        print(f"Trainings that were killed could not be recovered: {error}", file=sys.stderr)


def _recover(job: Job) -> None:
    progress = _killed(job) or _finished_too_early(job)
    if progress is None:
        return
    if progress.state in ("publishing", "finished"):
        publish(job, progress.updated)
    else:
        mark_failed(job, _KILLED, progress.updated)
    _sweep(job)


def _killed(job: Job) -> Progress | None:
    """What a trainer wrote last that was killed; None of any other training."""
    progress = job.progress()
    if progress is None or progress.state not in ACTIVE or _has_trainer(job, progress):
        return None
    progress = job.progress()  # it may have ended in the meantime
    return progress if progress is not None and progress.state in ACTIVE else None


def _finished_too_early(job: Job) -> Progress | None:
    """The progress of a complete training that an older version, killed then, called finished before it was moved."""
    progress = job.progress()
    unpublished = job.folder.parent == paths.working_folder() and job.folder.is_dir()
    if progress is None or progress.state != "finished" or not unpublished or _has_trainer(job, progress):
        return None
    return progress if job.folder.is_dir() else None


def _has_trainer(job: Job, progress: Progress) -> bool:
    if progress.state == "waiting" and time.time() - progress.updated < STARTING_SECONDS:
        return True
    return trained_folder() == paths.working_folder() / job.name


def _activate(name: str, due: float) -> str:
    """Make a run active and say so, or why not."""
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
