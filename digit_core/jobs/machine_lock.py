"""The machine's lock, which one training at a time holds, and the record of its owner.

The record stands in the lock's own file: on a machine with several users that is one file which
all of them may write, where none may replace another's in the folder for temporary files.
"""

import json
import os
from pathlib import Path

from filelock import FileLock

from digit_core.storage import paths
from digit_core.storage.files import storage_errors
from digit_core.storage.locks import is_held

# Where the record begins. Windows locks a file's first byte, which no other process can read then.
_START = 1
_LONGEST = 64_000


def machine_lock() -> FileLock:
    """The lock that a trainer holds while it works; one for the whole machine."""
    return FileLock(paths.machine_lock(), mode=0o666, thread_local=False)


def write_owner(folder: Path) -> None:
    """Write which working folder is trained; only the process that holds the lock may. Raises StorageError."""
    owner = json.dumps({"folder": str(folder), "process": os.getpid()}).encode()
    path = paths.machine_lock()
    with storage_errors(path):
        # Not created, which systems forbid in a shared folder for a file of another user; and no
        # link followed, which another user could have put there.
        handle = os.open(path, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        try:
            os.ftruncate(handle, _START)
            os.lseek(handle, _START, os.SEEK_SET)
            os.write(handle, owner)
        finally:
            os.close(handle)


def trained_folder() -> Path | None:
    """The working folder that is trained on this machine; None if there is none, or it is not written yet."""
    return Path(owner["folder"]) if is_held(paths.machine_lock()) and (owner := _owner()) else None


def _owner() -> dict | None:
    try:
        with paths.machine_lock().open("rb", buffering=0) as file:  # a buffer would be filled from the first byte on
            file.seek(_START)
            owner = json.loads(file.read(_LONGEST))
    except (OSError, ValueError):
        return None
    whole = isinstance(owner, dict) and isinstance(owner.get("folder"), str) and isinstance(owner.get("process"), int)
    return owner if whole else None
