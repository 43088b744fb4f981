"""Whether somebody holds a lock file, found out without getting in anybody's way."""

import os
from pathlib import Path

from filelock import FileLock, Timeout

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_PASSING = 0.05  # seconds in which whoever only looks has let go again


def is_held(path: Path) -> bool:
    """Whether a process holds the `FileLock` of that path; one that cannot be looked at is taken to be free."""
    if fcntl is None:
        return _is_held_for_long(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        # Shared, so that two who look do not take each other for the holder. Closing releases it.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return isinstance(error, BlockingIOError | PermissionError)
    else:
        return False
    finally:
        os.close(handle)


def _is_held_for_long(path: Path) -> bool:
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=_PASSING, poll_interval=_PASSING / 5)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False
