"""Trainings: start, watch, cancel and resume one.

One training of a home runs at a time, and one on a machine; others wait (`digit_core.jobs.training_queue`).
The trainer is a process of its own (`python -m digit_core.training train FOLDER`). It holds the
machine's lock while it runs, and the operating system releases that lock however the process ends.
`digit_core.jobs.launching` starts it.
App and trainer communicate only through files in the working folder (`digit_core.jobs.training_job`).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock

from digit_core.access.actors import Action, require
from digit_core.access.rate_limits import TRAININGS
from digit_core.drawings.training_set import DRAWINGS_FILE, TrainingSet
from digit_core.errors import DigitError, TrainingFailed, UnknownRun
from digit_core.jobs.home_lock import home_lock
from digit_core.jobs.launching import launch_or_queue, start_next, write_waiting
from digit_core.jobs.machine_lock import lock_owner
from digit_core.jobs.processes import end_process, is_alive
from digit_core.jobs.recovery import STARTING_SECONDS, mark_cancelled, progress_of, recover
from digit_core.jobs.training_job import Job, Request, visible_folders, working_jobs
from digit_core.jobs.training_queue import current, is_queued, start_lock
from digit_core.runs.checkpoints import checkpoint_epoch
from digit_core.runs.config import TrainingConfig
from digit_core.runs.publishing import remove_folder
from digit_core.runs.run import is_training_name
from digit_core.runs.run_names import folder_name, next_number
from digit_core.runs.schemas import ACTIVE
from digit_core.storage import paths
from digit_core.storage.files import make_folder, storage_errors, write_bytes
from digit_core.telemetry.events import log_event

__all__ = ["current", "start_next"]  # besides what is defined here: callers need no other module for trainings
_KEPT_ENDED_JOBS = 5
_starting = Lock()  # held while one is started, as all students of a class may press Retrain at once


def start(
    config: TrainingConfig,
    *,
    window: str = "",
    activate: bool = True,
    command: str = "the app",
    drawings: TrainingSet | None = None,
) -> Job:
    """Start a training in a process of its own and return once it holds the machine's lock, or waits for its turn.

    Parameters: `window`, the random id of the browser tab that starts it, kept in its request; `activate`,
    whether to activate the run when it is finished, unless it is worse (`digit_core.runs.activation_rule`);
    `command`, what the person ran to start it, stored in the run's `config.json`; `drawings`, what a training
    with a `base_run` learns from: they stay in the working folder until it ends.
    Raises NotPermitted, LimitReached, TrainingBusy if the queue is full, StorageError, or TrainingFailed.
    """
    require(Action.TRAIN)
    with _starting:
        TRAININGS.count()
        recover()
        delete_old_jobs()
        request = Request(config=config.model_dump(), command=command, activate=activate, window=window)
        with home_lock():  # a folder without progress is one whose app was killed here
            job = Job(new_folder(config.preset, is_tuned=bool(config.base_run)))
            with _removed_on_error(job):
                job.write_request(request)
                if drawings is not None:
                    write_bytes(job.folder / DRAWINGS_FILE, drawings.as_bytes())
                write_waiting(job, config.epochs)
        with _removed_on_error(job):
            launch_or_queue(job)
        log_event("training_started", run=job.name, preset=config.preset, resumed=False)
        return job


def stopped_jobs() -> list[Job]:
    """The trainings of this home that ended without a run, newest first."""
    return [job for job in working_jobs() if (progress := progress_of(job)) and progress.state not in ACTIVE]


def stopped_job(name: str) -> Job:
    """The training of that name that ended without a run. Raises UnknownRun."""
    for job in stopped_jobs():
        if job.name == name:
            return job
    raise UnknownRun(f"There is no training named {name!r} that was stopped.")


def resumable(job: Job) -> int:
    """The number of epochs after which a training that was stopped can be resumed; 0 if it cannot."""
    written, progress = job.progress(), progress_of(job)
    if written is None or written.state == "publishing":  # complete: `recover` publishes it
        return 0
    is_stopped = progress.state in ("failed", "cancelled") and job.folder.is_dir()
    return checkpoint_epoch(job.folder) if is_stopped else 0


def resume(job: Job, *, window: str = "", activate: bool = True) -> Job:
    """Resume a training that was stopped, after its last whole epoch; `window` and `activate` as for `start`.

    Raises NotPermitted, LimitReached, TrainingBusy if the queue is full, StorageError, or TrainingFailed.
    """
    require(Action.TRAIN)
    with _starting:
        TRAININGS.count()
        recover()
        if not resumable(job):
            raise TrainingFailed(f"{job.name} cannot be resumed: it has no checkpoint. Start it anew.")
        progress, request = job.progress(), job.request()
        try:
            job.write_request(
                request.model_copy(update={"activate": activate, "cancel": False, "cancelled_by": "", "window": window})
            )
            write_waiting(job, progress.epochs)
            launch_or_queue(job)
        except DigitError:
            job.write_request(request)
            job.write_progress(progress)
            raise
        log_event("training_started", run=job.name, preset=request.config["preset"], resumed=True)
        return job


def cancel(job: Job, *, window: str = "") -> None:
    """Cancel a training; a run that is complete by then is kept, but not activated.

    `window` is the random id of the browser tab that cancels it, kept in its request. Ends the trainer
    within seconds: it is asked to end, then killed, unless it is publishing. Does nothing to a training
    that has ended. Raises NotPermitted, StorageError, or TaskFailed if the trainer cannot be ended.
    """
    require(Action.CANCEL)
    if is_queued(job):
        with start_lock():
            if is_queued(job):  # it may have been started meanwhile
                mark_cancelled(job)
                return
    request = job.request()
    if not request.cancel:  # the first one counts
        job.write_request(request.model_copy(update={"activate": False, "cancel": True, "cancelled_by": window}))
        log_event("training_cancelled", run=job.name)
    if _is_stoppable(job) and (owner := lock_owner()):
        # Until the process is gone: one that has released the lock can still hold a gigabyte of memory.
        end_process(owner.process, lambda: is_alive(owner.process) and not _is_publishing(job))
        if (progress := job.progress()) and progress.state in ACTIVE - {"publishing"}:  # it was killed
            mark_cancelled(job)


def latest() -> Job | None:
    """The training of this home with the latest progress: running, ended without a run, or a run; none that waits.

    That is not always the one started last, since a stopped one can be resumed.
    """
    folders = [*visible_folders(paths.working_folder()), *visible_folders(paths.runs_folder())]
    trainings = [folder for folder in folders if is_training_name(folder.name)]
    trainings.sort(key=lambda folder: (_updated(folder), folder.name), reverse=True)
    return next((job for job in map(Job, trainings) if not is_queued(job)), None)


def delete_stopped(job: Job) -> None:
    """Delete the working folder of a training that was stopped. Raises NotPermitted or StorageError."""
    require(Action.DELETE)
    remove_folder(job.folder)


def delete_old_jobs() -> None:
    """Delete all but the last few working folders of trainings that ended without a run."""
    kept_states = {*ACTIVE, "finished"}  # a complete training that is still here waits to be published
    ended = [job for job in working_jobs() if (progress := job.progress()) is None or progress.state not in kept_states]
    for job in ended[_KEPT_ENDED_JOBS:]:
        remove_folder(job.folder)


@contextmanager
def _removed_on_error(job: Job) -> Iterator[None]:
    try:
        yield
    except DigitError:
        remove_folder(job.folder)
        raise


def _updated(folder: Path) -> float:
    """The time of a training's last progress, in Unix seconds; 0 if there is none, or it is in the future."""
    try:
        updated = (folder / "progress.json").stat().st_mtime  # the app asks every second: too often to parse them all
    except OSError:
        return 0.0
    return updated if updated <= time.time() + STARTING_SECONDS else 0.0  # else the clock was set back since


def _is_stoppable(job: Job) -> bool:
    """Whether its trainer is running and not publishing, which takes seconds after maybe hours of training."""
    return current() == job and not _is_publishing(job)


def _is_publishing(job: Job) -> bool:
    progress = job.progress()
    return progress is not None and progress.state in ("publishing", "finished")


def new_folder(preset: str, *, is_tuned: bool = False) -> Path:
    """An empty working folder with the name of the next run of a preset. Raises StorageError or TrainingFailed."""
    parent, started = make_folder(paths.working_folder()), datetime.now()
    taken = {folder.name for place in (parent, paths.runs_folder()) for folder in visible_folders(place)}
    first = next_number(preset, taken)
    for name in (folder_name(preset, each, started, is_tuned=is_tuned) for each in range(first, first + 1000)):
        with storage_errors(parent / name):
            try:
                (parent / name).mkdir()
            except FileExistsError:  # another process has just taken it
                continue
            return parent / name
    raise TrainingFailed(f"No free name for a run of {preset}.")
