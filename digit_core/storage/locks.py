"""Whether a process holds a lock file, found out without disturbing its holder or others that look."""

import os
from pathlib import Path

from filelock import FileLock, Timeout

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_PATIENCE = 0.05  # seconds; another process that only looks has released the lock by then


def is_held(path: Path) -> bool:
    """Whether a process holds the `FileLock` of that path; False if that cannot be found out."""
    if fcntl is None:
        try:
            with FileLock(path, timeout=_PATIENCE, poll_interval=_PATIENCE / 5, thread_local=False):
                return False
        except Timeout:
            return True
        except OSError:
            return False
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        # Shared, so that two processes that look do not take each other for the holder. Closing releases it.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except OSError as error:
        return isinstance(error, BlockingIOError | PermissionError)
    finally:
        os.close(handle)
