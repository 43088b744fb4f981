"""Delete a run and everything stored about it."""

import shutil
from pathlib import Path

from digit_core.access.actors import Action, require
from digit_core.errors import RunInUse
from digit_core.jobs.tasks import FORMATS, export_task, features_task, robustness_task
from digit_core.runs.active_run import activation_lock, clear_previous, read_active
from digit_core.runs.notes import delete_note
from digit_core.runs.publishing import hide_folder, interrupted_deletions
from digit_core.runs.run import SHIPPED, Run, run_path
from digit_core.storage import paths
from digit_core.telemetry.events import log_event


def why_not_deletable(name: str) -> str | None:
    """Why a run cannot be deleted now, as the end of a sentence; None if it can."""
    if name == SHIPPED:
        return "it comes with the project"
    if read_active().run == name:
        return "it is active; activate another one first"
    run = Run(paths.runs_folder() / name)
    if any(export_task(run, form).is_active() for form in FORMATS.values()):
        return "it is being exported; cancel that or wait until it is done"
    if robustness_task(run).is_active():
        return "its robustness is being measured; cancel that or wait until it is done"
    return None


def delete_run(name: str) -> None:
    """Delete a run, damaged or not, its exports, its robustness and its note.

    Raises NotPermitted, RunInUse, UnknownRun or StorageError.
    """
    require(Action.DELETE)
    delete_unused_run(name)


def delete_unused_run(name: str) -> None:
    """As `delete_run`, in the name of Digit Lab itself and not of a person."""
    with activation_lock():
        path = run_path(name)
        if reason := why_not_deletable(name):
            raise RunInUse(f"The run {name} cannot be deleted: {reason}.")
        clear_previous(name)
        hidden = hide_folder(path)
    _delete_hidden(name, hidden)


def finish_deletions() -> None:
    """Finish the deletions of runs and of trainings that a kill interrupted. Raises StorageError."""
    for name, hidden in interrupted_deletions(paths.runs_folder()).items():
        if (paths.runs_folder() / name).exists():  # a copy of it was put back: its exports and note are that one's
            shutil.rmtree(hidden, ignore_errors=True)
        else:
            _delete_hidden(name, hidden)
    for hidden in interrupted_deletions(paths.working_folder()).values():
        shutil.rmtree(hidden, ignore_errors=True)


def _delete_hidden(name: str, hidden: Path) -> None:
    """Delete what is stored about a run; its folder last, as it records what is still to be done."""
    shutil.rmtree(paths.exports_folder() / name, ignore_errors=True)
    run = Run(paths.runs_folder() / name)
    for task in (robustness_task(run), features_task(run, "")):
        task.delete_files()
    delete_note(name)
    shutil.rmtree(hidden, ignore_errors=True)
    log_event("run_deleted", run=name)
