"""The temporary files of writes in one step, and what is left of them when a process is killed.

Such a file, `.NAME.xxxxxxxx`, is locked while its process writes it. The operating system releases the lock
however the process ends, so one that nobody has locked is a leftover, whatever the clock says.
"""

import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows, where nothing can delete a file that is open
    fcntl = None

_NAME = re.compile(r"\..+\.[a-z0-9_]{8}")  # as `mkstemp` completes them
_UNLOCKED_SECONDS = 3600  # without locks, a file as old as that is a leftover


@contextmanager
def temporary_file(target: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file beside `target` to move to its place in the block; deleted if the block raises. Raises OSError."""
    path, file, lock = _new_file(target)
    try:
        yield path, file
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        try:
            file.close()
        finally:
            if lock is not None:
                os.close(lock)


def sweep_temporary_files(folder: Path) -> None:
    """Delete the temporary files in a folder and below that no living process writes. Follows no links."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]  # those are being deleted
        for name in names:
            if _NAME.fullmatch(name):
                _delete_leftover(Path(parent, name))


def _new_file(target: Path) -> tuple[Path, BinaryIO, int | None]:
    while True:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        file = os.fdopen(handle, "wb")
        try:
            lock = _lock(handle)
        except BaseException:
            file.close()
            Path(name).unlink(missing_ok=True)
            raise
        if lock is None or os.fstat(lock).st_nlink:
            return Path(name), file, lock
        file.close()  # swept by another process before it was locked
        os.close(lock)


def _lock(handle: int) -> int | None:
    """A second handle of the file, whose lock lasts until both are closed; None if the platform has no locks."""
    if fcntl is None:
        return None
    second = os.dup(handle)
    with suppress(OSError):  # a network's file system without locks, on which nothing is swept either
        fcntl.flock(second, fcntl.LOCK_EX)
    return second


def _delete_leftover(path: Path) -> None:
    with suppress(OSError):  # another process deletes it, or writes it
        if fcntl is None:
            if time.time() - path.stat().st_mtime > _UNLOCKED_SECONDS:
                path.unlink()
            return
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if stat.S_ISREG(os.fstat(handle).st_mode):
                path.unlink()
        finally:
            os.close(handle)
