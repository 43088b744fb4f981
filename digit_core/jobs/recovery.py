"""How a training ends, also one whose trainer was killed.

The trainer ends a training with `publish`, `mark_cancelled` or `mark_failed`. If it is killed, its
last state stays on disk while no process holds the lock: `progress_of` reports that and changes
nothing on disk, `recover` repairs it.
"""

import contextlib
import sys
import time

from filelock import FileLock

from digit_core.errors import DamagedRun, DigitError
from digit_core.jobs.machine_lock import lock_owner
from digit_core.jobs.processes import kill_if_trainer
from digit_core.jobs.task_queue import TaskQueue
from digit_core.jobs.training_job import Job, visible_folders, working_jobs
from digit_core.jobs.training_queue import elsewhere
from digit_core.runs.activation_rule import Verdict, judge
from digit_core.runs.active_run import activate, active_run, changed_since, read_active, sweep_active
from digit_core.runs.publishing import move_into_place, sweep_deleted
from digit_core.runs.run import BINARY, Run, is_training_name, open_run
from digit_core.runs.schemas import ACTIVE, Progress
from digit_core.storage import paths
from digit_core.storage.files import make_folder
from digit_core.storage.machine import is_here

STARTING_SECONDS = 60  # how long a trainer may take from its start to holding the lock
_LINGERING = (10, 3600)  # seconds after the end; later the system may have given the process's number to another
_CANCELLED = "Cancelled. Nothing was changed."
_KILLED = "The trainer was killed or crashed. Nothing else was changed."
_UNPUBLISHED = (
    "The run is complete, but not published yet: the trainer was killed, or the disk was full. "
    "It is published the next time the app or a training starts."
)


def progress_of(job: Job) -> Progress | None:
    """The progress of a training, or None if it cannot be read. Changes nothing on disk.

    A training whose trainer was killed is reported as failed, at the time of its last progress. The process
    of a cancelled one that is still there after 10 s, as none should be, is killed.
    """
    _kill_leftover(job)
    killed = _killed(job)
    if killed is None or killed.state == "finished":
        return job.progress()
    if killed.state == "publishing":
        return killed.model_copy(update={"state": "failed", "message": _UNPUBLISHED})
    if job.request().cancel:
        return killed.model_copy(update={"state": "cancelled", "message": _CANCELLED})
    return killed.model_copy(update={"state": "failed", "message": _KILLED})


def publish(job: Job, due: float | None = None) -> Progress:
    """Move a complete training to the runs, activate the run if requested, and only then call it finished.

    It is activated unless that is a step back (`digit_core.runs.activation_rule`); the outcome's message
    says which and why. Steps that were done before a kill are skipped. `due` is when to publish, in Unix seconds
    (default: now); a run that was activated after that stays active. Returns the outcome: finished,
    or failed if the folder is damaged. Raises StorageError or OSError if it cannot be done now;
    `recover` tries again.
    """
    request, activated_before = job.request(), due or time.time()
    try:
        if job.folder.parent != paths.runs_folder():
            _sweep(job)
            job = Job(move_into_place(job.folder).path)
        message = f"Test accuracy {Run(job.folder).metrics.accuracy:.2%}"
    except DamagedRun as error:
        return _end(job, "failed", str(error))
    verdict = None
    if request.activate:
        verdict = _activate(job.name, activated_before)
        message += f". {verdict.reason}"
    elif request.cancel:
        message += ". Kept, not activated: it was cancelled when it was already complete"
    return _end(job, "finished", message, due, activated=verdict is not None and verdict.activate)


def mark_cancelled(job: Job) -> None:
    """Record that a training was cancelled. Raises StorageError."""
    _end(job, "cancelled", _CANCELLED)


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
    elif job.request().cancel:  # its trainer did not live to write that
        _end(job, "cancelled", _CANCELLED, progress.updated)
    else:
        mark_failed(job, _KILLED, progress.updated)
    _sweep(job)


def _kill_leftover(job: Job) -> None:
    """Kill the trainer of a training that was cancelled or failed, if it is still there long after that."""
    progress = job.progress()
    if progress is None or progress.process is None or progress.state not in ("cancelled", "failed"):
        return
    if not is_here(progress.machine):
        return  # here, the number is another process's
    owner = lock_owner()
    if owner is not None and owner.process == progress.process and owner.folder.name != job.name:
        return  # the number belongs to another trainer by now
    if _LINGERING[0] < time.time() - progress.updated < _LINGERING[1]:
        kill_if_trainer(progress.process)


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
    if progress.state == "queued" or elsewhere(progress):
        return True
    if progress.state == "waiting" and time.time() - progress.updated < STARTING_SECONDS:
        return True
    owner = lock_owner()
    return owner is not None and owner.folder == paths.working_folder() / job.name


def _activate(name: str, due: float) -> Verdict:
    """Activate a run unless that is a step back; returns the outcome."""
    active = read_active().run
    if active == name:  # before a kill
        return Verdict(True, "Activated")
    if changed_since(due):  # recovery can be days later
        return Verdict(False, "Kept, not activated: another run was activated in the meantime")
    try:
        verdict = _verdict(name)
        if verdict.activate:
            activate(name)
    except (DigitError, OSError) as error:
        print(error, file=sys.stderr)
        return Verdict(False, f"It could not be activated: {str(error).removesuffix('.')}")
    return verdict


def _verdict(name: str) -> Verdict:
    new = open_run(name)
    new.predictions()
    try:
        return judge(new, active_run())
    except DigitError:  # the active one is damaged or was deleted
        return Verdict(True, "Activated: the run that was active cannot be used any more")


def _end(job: Job, state: str, message: str, updated: float | None = None, activated: bool = False) -> Progress:
    last = job.progress() or Progress()
    values = {"state": state, "message": message, "seconds_left": None, "updated": updated or time.time()}
    if state == "finished":
        values |= {"done": 1.0, "activated": activated}
        if last.timings and last.started:  # up to here
            spent = last.timings.before + last.timings.fit
            after = max(values["updated"] - last.started - spent, 0.0)
            values["timings"] = last.timings.model_copy(update={"after": after})
    progress = last.model_copy(update=values)
    job.write_progress(progress)
    return progress


def _sweep(job: Job) -> None:
    """Delete the temporary files of writes that were killed."""
    for path in job.folder.rglob(".*"):
        with contextlib.suppress(OSError):
            if path.is_file():
                path.unlink()
