"""How a training ends, also one whose trainer was killed.

The trainer ends a training with `publish`, `mark_cancelled` or `mark_failed`. If it is killed, its
last state stays on disk while no process holds the lock: `progress_of` reports that and changes
nothing on disk, `recover` repairs it.
"""

import sys
import time

from digit_core.access.actors import COMMAND, acting_as
from digit_core.datasets.sources import sweep_downloads
from digit_core.errors import DamagedRun, DigitError
from digit_core.jobs.background_task import sweep_partial_results
from digit_core.jobs.deletion import finish_deletions
from digit_core.jobs.home_lock import home_lock
from digit_core.jobs.machine_lock import lock_owner
from digit_core.jobs.processes import kill_if_trainer
from digit_core.jobs.retention import enforce
from digit_core.jobs.task_queue import TaskQueue
from digit_core.jobs.training_job import Job, visible_folders, working_jobs
from digit_core.jobs.training_queue import elsewhere
from digit_core.runs.activation_rule import Verdict, judge
from digit_core.runs.active_run import activate, active_run, read_active
from digit_core.runs.checkpoints import checkpoint_epoch
from digit_core.runs.publishing import move_into_place, remove_folder
from digit_core.runs.run import BINARY, Run, is_training_name, open_run
from digit_core.runs.schemas import ACTIVE, Progress
from digit_core.storage import paths
from digit_core.storage.machine import is_here
from digit_core.storage.process_folder import sweep_process_folders
from digit_core.storage.temporary_files import sweep_temporary_files

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
    says which and why. Steps that were done before a kill are skipped. A run that was activated since this one was
    complete stays active. `due` is when to publish, in Unix seconds (default: now). Returns the outcome: finished,
    or failed if the folder is damaged. Raises StorageError or OSError if it cannot be done now;
    `recover` tries again.
    """
    request, last = job.request(), job.progress()
    active = last.active if last and last.active else read_active().run
    try:
        if job.folder.parent != paths.runs_folder():
            job.release_space()
            job = Job(move_into_place(job.folder).path)
        message = f"Test accuracy {Run(job.folder).metrics.accuracy:.2%}"
    except DamagedRun as error:
        return _end(job, "failed", str(error))
    verdict = None
    if request.activate:
        verdict = _activate(job.name, active)
        message += f". {verdict.reason}"
    elif request.cancel:
        message += ". Kept, not activated: it was cancelled when it was already complete"
    if gone := enforce(keep=job.name):
        message += f". {gone}"
    return _end(job, "finished", message, due, activated=verdict is not None and verdict.activate)


def mark_cancelled(job: Job) -> None:
    """Record that a training was cancelled. Raises StorageError."""
    job.release_space()
    _end(job, "cancelled", _CANCELLED)


def mark_failed(job: Job, reason: str, updated: float | None = None) -> None:
    """Record that a training ended without a run, and why; `updated` is in Unix seconds (default: now).

    Raises StorageError.
    """
    for name in BINARY:  # useless now, and on a full disk the reason needs the space
        (job.folder / name).unlink(missing_ok=True)
    job.release_space()
    _end(job, "failed", reason, updated)


def recover() -> None:
    """Repair what killed trainers left in this home: at app start, and before a training is started.

    A complete run is published and activated as requested; any other training is marked as failed. A
    queue of background tasks that a kill stopped continues. All that was permitted when it was requested, so
    it does not matter whose visit starts the repair.
    Raises nothing: what cannot be repaired now, as on a full disk, is reported on stderr and left as it is.
    """
    if not paths.home().is_dir():
        return
    try:
        with home_lock(), acting_as(COMMAND):
            _repair()
    except (DigitError, OSError) as error:
        print(f"Trainings that were killed could not be recovered: {error}", file=sys.stderr)


def _repair() -> None:
    sweep_temporary_files(paths.home())
    sweep_process_folders()
    sweep_downloads()
    for folder in (paths.exports_folder(), paths.robustness_folder(), paths.features_folder()):
        sweep_partial_results(folder)
    finish_deletions()
    runs = [Job(folder) for folder in visible_folders(paths.runs_folder()) if is_training_name(folder.name)]
    for job in [*working_jobs(), *runs]:
        try:
            _recover(job)
        except (DigitError, OSError) as error:
            print(f"{job.name} could not be recovered: {error}", file=sys.stderr)
    TaskQueue().start_next()


def _recover(job: Job) -> None:
    if _is_stillborn(job):
        remove_folder(job.folder)
    progress = _killed(job)
    if progress is None:
        return
    if progress.state in ("publishing", "finished"):
        publish(job, progress.updated)
    elif job.request().cancel:  # its trainer did not live to write that
        _end(job, "cancelled", _CANCELLED, progress.updated)
    else:
        mark_failed(job, _KILLED, progress.updated)


def _is_stillborn(job: Job) -> bool:
    """Whether its app was killed before the training was requested: `home_lock` is held until then."""
    is_working = job.folder.parent == paths.working_folder()
    return is_working and not (job.folder / "progress.json").exists() and not checkpoint_epoch(job.folder)


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
    # In the future is no better than long ago: the clock was set back.
    if progress.state == "waiting" and abs(time.time() - progress.updated) < STARTING_SECONDS:
        return True
    owner = lock_owner()
    return owner is not None and owner.folder == paths.working_folder() / job.name


def _activate(name: str, before: str) -> Verdict:
    """Activate a run unless that is a step back, or another than `before` is active now; returns the outcome."""
    active = read_active().run
    if active == name:  # before a kill
        return Verdict(True, "Activated")
    if active != before:  # recovery can be days later
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
