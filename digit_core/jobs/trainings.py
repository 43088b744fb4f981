"""Trainings under way: start one, watch it, cancel it.

The trainer is a process of its own (`python -m digit_core.training train FOLDER`). It holds
the machine's lock while it works, and the operating system releases that lock however the
process ends, so whether a training is under way is a fact and not a guess. App and trainer
exchange everything through files in the job's working folder (see `digit_core.trainings.training_job`).
"""

import time
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock

from digit_core.errors import TrainingBusy, TrainingFailed, UnknownRun
from digit_core.jobs.machine_lock import trained_folder
from digit_core.jobs.processes import start_detached
from digit_core.jobs.recovery import STARTING_SECONDS, progress_of, recover
from digit_core.jobs.training_job import Job, Request, visible_folders, working_jobs
from digit_core.runs.checkpoints import checkpoint_epoch
from digit_core.runs.config import TrainingConfig
from digit_core.runs.publishing import remove_folder
from digit_core.runs.run import names_a_training
from digit_core.runs.schemas import ACTIVE, Progress
from digit_core.storage import paths
from digit_core.storage.files import make_folder, storage_errors

_KEPT_ENDED_JOBS = 5
_asking = Lock()  # held from "is there a training?" until this one runs: a class presses Retrain all at once


def current() -> Job | None:
    """The training under way on this machine, of any user and any home."""
    folder = trained_folder()
    return Job(folder) if folder else None


def start(config: TrainingConfig, *, activate: bool = True, command: str = "the app") -> Job:
    """Start a training in a process of its own and return once it has the machine to itself.

    Parameters: `activate`, whether the run is to become active when it is finished; `command`,
    what a person did to start it, kept in the run's `config.json`.
    Raises TrainingBusy if there is one already, StorageError, or TrainingFailed.
    """
    with _asking:
        _refuse_if_busy()
        recover()
        delete_old_jobs()
        job = Job(_new_folder(config.preset))
        job.write_request(Request(config=config.model_dump(), command=command, activate=activate))
        if _launch(job, config.epochs):
            return job
        log = _last_line(job.folder / "train.log")
        remove_folder(job.folder)
        _refuse_if_busy()
        raise TrainingFailed(f"The trainer did not start. {log}".strip())


def stopped_jobs() -> list[Job]:
    """The trainings of this home that ended without a run, newest first."""
    return [job for job in working_jobs() if (progress := progress_of(job)) and progress.state not in ACTIVE]


def stopped_job(name: str) -> Job:
    """The training of that name among those that left no run. Raises UnknownRun."""
    for job in stopped_jobs():
        if job.name == name:
            return job
    raise UnknownRun(f"There is no training named {name!r} that was stopped.")


def resumable(job: Job) -> int:
    """After how many whole epochs a training that was stopped can be resumed; 0 if it cannot."""
    written, progress = job.progress(), progress_of(job)
    if written is None or written.state == "publishing":  # it is complete, and `recover` publishes it
        return 0
    stopped = progress.state in ("failed", "cancelled") and job.folder.is_dir()
    return checkpoint_epoch(job.folder) if stopped else 0


def resume(job: Job, *, activate: bool = True) -> Job:
    """Resume a training that was stopped, after its last whole epoch; `activate` as for `start`.

    Raises TrainingBusy if there is one under way, StorageError, or TrainingFailed.
    """
    with _asking:
        _refuse_if_busy()
        recover()
        if not resumable(job):
            raise TrainingFailed(f"{job.name} cannot be resumed: there is no checkpoint of it. Start it anew.")
        before, request = job.progress(), job.request()
        job.write_request(request.model_copy(update={"activate": activate, "cancel": False}))
        if _launch(job, before.epochs):
            return job
        job.write_request(request)
        job.write_progress(before)
        _refuse_if_busy()
        raise TrainingFailed(f"The trainer did not start. {_last_line(job.folder / 'train.log')}".strip())


def cancel(job: Job) -> None:
    """Ask a training to stop; it leaves no run, or one that is not activated if it was complete by then.

    Nothing is asked of one that has ended. Raises StorageError.
    It looks several times a second while it fetches or fits, and between the steps of all else.
    """
    job.write_request(job.request().model_copy(update={"activate": False, "cancel": True}))


def latest() -> Job | None:
    """The training of this home that was heard of last: under way, ended without a run, or a run.

    That is not always the one begun last, since one that was stopped can be resumed.
    """
    folders = [*visible_folders(paths.working_folder()), *visible_folders(paths.runs_folder())]
    trainings = [folder for folder in folders if names_a_training(folder.name)]
    return Job(max(trainings, key=lambda folder: (_heard_of(folder), folder.name))) if trainings else None


def delete_old_jobs() -> None:
    """Delete all but the last few working folders of trainings that ended without a run."""
    lasting = {*ACTIVE, "finished"}  # a complete one that is still here waits to be moved to its place
    ended = [job for job in working_jobs() if (progress := job.progress()) is None or progress.state not in lasting]
    for job in ended[_KEPT_ENDED_JOBS:]:
        remove_folder(job.folder)


def _launch(job: Job, epochs: int) -> bool:
    """Start the trainer on a working folder; whether it has the machine to itself."""
    job.write_progress(Progress(epochs=epochs, message="Starting the trainer"))
    process = start_detached(job.folder / "train.log", "train", str(job.folder))
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline:
        progress = job.progress()
        if progress and progress.state != "waiting":
            return True
        if process.poll() is not None:
            break
        time.sleep(0.02)  # a bounded wait for another process, outside of any page's script loop
    process.kill()
    return False


def _heard_of(folder: Path) -> float:
    """When a training last said something, in Unix seconds; 0 if it never did."""
    try:
        stat = (folder / "progress.json").stat()
    except OSError:
        return 0.0
    return _updated(folder, stat.st_mtime_ns, stat.st_ino)


@lru_cache(maxsize=4096)  # pages ask several times a second, and a home can have hundreds of runs
def _updated(folder: Path, *_changed: int) -> float:
    progress = Job(folder).progress()
    return progress.updated if progress else 0.0


def _refuse_if_busy() -> None:
    job = current()
    if job is None:
        return
    raise TrainingBusy("Another training is under way on this machine. Wait for it, or cancel it first.")


def _new_folder(preset: str) -> Path:
    parent = make_folder(paths.working_folder())
    stem = f"{datetime.now():%Y%m%d-%H%M%S}-{preset.replace('_', '-')}"
    for attempt in range(1, 1000):
        name = stem if attempt == 1 else f"{stem}-{attempt}"
        if (paths.runs_folder() / name).exists():
            continue
        with storage_errors(parent / name):
            try:
                (parent / name).mkdir()
            except FileExistsError:
                continue
            return parent / name
    raise TrainingFailed(f"No free name for a run like {stem}.")


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
