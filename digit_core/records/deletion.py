"""Delete a run and all that was kept about it."""

import shutil

from digit_core.errors import RunInUse
from digit_core.records import home
from digit_core.records.exports import FORMATS, export_task
from digit_core.records.features import features_task
from digit_core.records.notes import forget_note
from digit_core.records.placing import remove_folder
from digit_core.records.robustness import robustness_task
from digit_core.records.runs import SHIPPED, Run, run_path
from digit_core.records.served import forget_previous, served, serving_lock


def why_kept(name: str) -> str | None:
    """Why a run cannot be deleted now, as the end of a sentence; None if it can."""
    if name == SHIPPED:
        return "it comes with the project"
    if served().run == name:
        return "it reads now; let another run read first"
    run = Run(home.runs_folder() / name)
    if any(export_task(run, form).is_active() for form in FORMATS.values()):
        return "it is being exported; cancel that or wait until it is done"
    if robustness_task(run).is_active():
        return "its robustness is being measured; cancel that or wait until it is done"
    return None


def delete_run(name: str) -> None:
    """Delete a run, damaged or not, its exports, its measurement and its note.

    Raises RunInUse, UnknownRun or StorageError.
    """
    with serving_lock():  # nobody begins to read with it meanwhile
        path = run_path(name)
        reason = why_kept(name)
        if reason is not None:
            raise RunInUse(f"The run {name} cannot be deleted: {reason}.")
        forget_previous(name)
        remove_folder(path)
    shutil.rmtree(home.exports_folder() / name, ignore_errors=True)
    robustness_task(Run(path)).delete_files()
    features_task(Run(path), "").delete_files()
    forget_note(name)
