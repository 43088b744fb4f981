"""A run folder as a whole: completed, moved to its place, deleted."""

import contextlib
import json
import os
import shutil
from pathlib import Path

from digit_core.errors import StorageError
from digit_core.runs.checkpoints import CHECKPOINT, delete_checkpoint
from digit_core.runs.config import TrainingConfig
from digit_core.runs.run import BINARY, Run
from digit_core.runs.schemas import Environment
from digit_core.storage import paths
from digit_core.storage.files import make_folder, storage_errors, sync_to_disk, write_text


def write_config(folder: Path, config: TrainingConfig, environment: Environment) -> None:
    """Write `config.json`, with the sizes of the binary files so that a truncated one is noticed.

    Nothing else writes it. Raises StorageError.
    """
    sizes = {name: (folder / name).stat().st_size for name in BINARY}
    document = {"config": config.model_dump(), "environment": environment.model_dump(), "sizes": sizes}
    write_text(folder / "config.json", json.dumps(document, indent=1))


def complete(folder: Path, config: TrainingConfig, environment: Environment) -> None:
    """Make a working folder with all other files a complete run that outlives a power cut.

    Raises DamagedRun or StorageError.
    """
    write_config(folder, config, environment)
    Run(folder).check()
    _put_on_disk(folder)


def move_into_place(working: Path) -> Run:
    """Move a complete working folder to the runs, in one rename. Raises DamagedRun or StorageError."""
    Run(working).check()
    _put_on_disk(working)  # also the figures, which are drawn when it is complete
    target = make_folder(paths.runs_folder()) / working.name
    with storage_errors(target):
        working.rename(target)
    for folder in (target.parent, working.parent):
        with contextlib.suppress(StorageError):  # it has moved, and must not be told to have not
            sync_to_disk(folder)
    delete_checkpoint(target)
    return Run(target)


def remove_folder(path: Path) -> None:
    """Delete a folder; it leaves the listing in one step before its files go. Raises StorageError."""
    with storage_errors(path):
        if path.is_symlink():  # what it leads to is not ours
            path.unlink()
            return
        doomed = path.with_name(f".{path.name}.deleted")
        shutil.rmtree(doomed, ignore_errors=True)  # of an earlier deletion that did not get to its end
        path.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def sweep_deleted(parent: Path) -> None:
    """Finish the deletions in a folder that `remove_folder` was killed in."""
    for doomed in parent.glob(".*.deleted"):
        shutil.rmtree(doomed, ignore_errors=True)


def _put_on_disk(folder: Path) -> None:
    # A rename can reach the disk before what was written earlier does: after a power cut the run
    # would stand in its place with empty files.
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != CHECKPOINT]
        for name in files:
            sync_to_disk(Path(parent) / name)
        sync_to_disk(Path(parent))
