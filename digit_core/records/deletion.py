"""Delete a run and all that was kept about it."""

import shutil

from digit_core.errors import RunInUse
from digit_core.records import home
from digit_core.records.exports import FORMATS, making_of
from digit_core.records.making import forget_all
from digit_core.records.notes import forget_note
from digit_core.records.placing import remove_folder
from digit_core.records.robustness import measuring_of, robustness_path
from digit_core.records.runs import SHIPPED, Run, run_path
from digit_core.records.served import forget_previous, served, serving_lock


def why_kept(name: str) -> str | None:
    """Why a run cannot be deleted now, as the end of a sentence; None if it can."""
    if name == SHIPPED:
        return "it comes with the project"
    if served().run == name:
        return "it reads now; let another run read first"
    run = Run(home.runs_folder() / name)
    exports = [making_of(run, form) for form in FORMATS.values()]
    if any(each is not None and each.is_active for each in exports):
        return "it is being exported; wait until that is done"
    measuring = measuring_of(run)
    if measuring is not None and measuring.is_active:
        return "its robustness is being measured; wait until that is done"
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
    forget_all(robustness_path(Run(path)))
    forget_note(name)
