"""A run folder as a whole: completed, moved to the runs folder, deleted."""

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

_DELETED = ".deleted"


def write_config(folder: Path, config: TrainingConfig, environment: Environment) -> None:
    """Write `config.json`, with the sizes of the binary files to detect truncated ones; raises StorageError.

    Nothing else writes that file.
    """
    sizes = {name: (folder / name).stat().st_size for name in BINARY}
    document = {"config": config.model_dump(), "environment": environment.model_dump(), "sizes": sizes}
    write_text(folder / "config.json", json.dumps(document, indent=1))


def complete(folder: Path, config: TrainingConfig, environment: Environment) -> None:
    """Make a working folder, which has all other files, a complete run. Raises DamagedRun or StorageError."""
    write_config(folder, config, environment)
    Run(folder).check()
    _sync_folder(folder)


def move_into_place(working: Path) -> Run:
    """Move a complete working folder to the runs, in one rename. Raises DamagedRun or StorageError."""
    Run(working).check()
    _sync_folder(working)  # once more, for the figures drawn since
    target = make_folder(paths.runs_folder()) / working.name
    with storage_errors(target):
        working.rename(target)
    for folder in (target.parent, working.parent):
        with contextlib.suppress(StorageError):  # the folder has moved: this is no failure
            sync_to_disk(folder)
    delete_checkpoint(target)
    return Run(target)


def remove_folder(path: Path) -> None:
    """Delete a folder: hide it from the listing in one step, then delete its files. Raises StorageError."""
    shutil.rmtree(hide_folder(path), ignore_errors=True)


def hide_folder(path: Path) -> Path:
    """Take a folder out of the listing in one step; returns where it is until it is deleted. Raises StorageError."""
    doomed = path.with_name(f".{path.name}{_DELETED}")
    with storage_errors(path):
        shutil.rmtree(doomed, ignore_errors=True)  # left by an interrupted deletion
        path.rename(doomed)
        if doomed.is_symlink():  # keep its target
            doomed.unlink()
    return doomed


def interrupted_deletions(parent: Path) -> dict[str, Path]:
    """The folders in a folder that were hidden but not deleted, by the names that they had."""
    return {path.name[1 : -len(_DELETED)]: path for path in sorted(parent.glob(f".*{_DELETED}"))}


def _sync_folder(folder: Path) -> None:
    # A rename can reach the disk before the data written earlier: after a power cut the run would have empty files.
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != CHECKPOINT]
        for name in files:
            sync_to_disk(Path(parent) / name)
        sync_to_disk(Path(parent))
