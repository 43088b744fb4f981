"""The machine's lock, which one training at a time holds, and the record of its owner.

The record is in the lock's own file: on a machine with several users all of them may write that
one file, where none may replace another's file in the folder for temporary files.
"""

import os
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ValidationError

from digit_core.jobs.processes import ProcessNumber
from digit_core.storage import paths
from digit_core.storage.files import storage_errors
from digit_core.storage.locks import is_held

_START = 1  # where the record begins: Windows locks a file's first byte, and no other process can read it then
_MAX_BYTES = 64_000


class Owner(BaseModel):
    """The training that holds the lock: its working folder and the number of its process."""

    folder: Path
    process: ProcessNumber


def machine_lock() -> FileLock:
    """The lock that a trainer holds while it runs; one for the whole machine."""
    return FileLock(paths.machine_lock(), mode=0o666, thread_local=False)


def write_owner(folder: Path) -> None:
    """Record which working folder is trained; only for the process that holds the lock. Raises StorageError."""
    path = paths.machine_lock()
    with storage_errors(path):
        # Without O_CREAT, which systems forbid in a shared folder for another user's file; and without
        # following a link that another user may have put there.
        handle = os.open(path, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        try:
            os.ftruncate(handle, _START)
            os.lseek(handle, _START, os.SEEK_SET)
            os.write(handle, Owner(folder=folder, process=os.getpid()).model_dump_json().encode())
        finally:
            os.close(handle)


def lock_owner() -> Owner | None:
    """The training that runs on this machine; None if there is none, or it is not recorded yet."""
    if not is_held(paths.machine_lock()):
        return None
    try:
        with paths.machine_lock().open("rb", buffering=0) as file:  # a buffer would be filled from the first byte on
            file.seek(_START)
            return Owner.model_validate_json(file.read(_MAX_BYTES))
    except (OSError, ValidationError):
        return None
