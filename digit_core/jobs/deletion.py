"""Delete a run and everything stored about it."""

import shutil

from digit_core.access.actors import Action, require
from digit_core.errors import RunInUse
from digit_core.jobs.tasks import FORMATS, export_task, features_task, robustness_task
from digit_core.runs.active_run import activation_lock, clear_previous, read_active
from digit_core.runs.notes import delete_note
from digit_core.runs.publishing import remove_folder
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
    with activation_lock():
        path = run_path(name)
        if reason := why_not_deletable(name):
            raise RunInUse(f"The run {name} cannot be deleted: {reason}.")
        clear_previous(name)
        remove_folder(path)
    shutil.rmtree(paths.exports_folder() / name, ignore_errors=True)
    for task in (robustness_task(Run(path)), features_task(Run(path), "")):
        task.delete_files()
    delete_note(name)
    log_event("run_deleted", run=name)
