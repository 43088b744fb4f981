"""A run folder as a whole: sealed, moved to its place, deleted."""

import contextlib
import json
import os
import shutil
from pathlib import Path

from digit_core.errors import StorageError
from digit_core.records import home
from digit_core.records.backups import BACKUP, forget_backup
from digit_core.records.documents import read_document
from digit_core.records.runs import BINARY, Run
from digit_core.records.storage import make_folder, put_on_disk, storage_errors, write_text


def seal(folder: Path) -> None:
    """Note the sizes of the binary files in `config.json`, so that a truncated one is noticed. Raises StorageError."""
    document = read_document(folder / "config.json")
    document["sizes"] = {name: (folder / name).stat().st_size for name in BINARY}
    write_text(folder / "config.json", json.dumps(document, indent=1))


def move_into_place(working: Path) -> Run:
    """Make a complete working folder a run, in one rename. Raises DamagedRun or StorageError.

    What it could have gone on from as a training is kept until then.
    """
    seal(working)
    Run(working).check()
    _put_on_disk(working)
    target = make_folder(home.runs_folder()) / working.name
    with storage_errors(target):
        working.rename(target)
    for folder in (target.parent, working.parent):
        with contextlib.suppress(StorageError):  # it has moved, and must not be told to have not
            put_on_disk(folder)
    forget_backup(target)
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


def _put_on_disk(folder: Path) -> None:
    # A rename can reach the disk before what was written earlier does: after a power cut the run
    # would stand in its place with empty files.
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != BACKUP]
        for name in files:
            put_on_disk(Path(parent) / name)
        put_on_disk(Path(parent))
