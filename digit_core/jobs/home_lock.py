"""The lock of a home: held while it is repaired, and while a training is begun in it."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from digit_core.errors import TrainingBusy
from digit_core.storage import paths
from digit_core.storage.files import make_folder, storage_errors

_PATIENCE = 30  # seconds; a repair takes a few


@contextmanager
def home_lock() -> Iterator[None]:
    """While it is held no other process repairs this home or begins a training in it.

    Raises StorageError, or TrainingBusy if another process holds it for long.
    """
    path = make_folder(paths.home()) / ".recovery.lock"
    try:
        with storage_errors(path), FileLock(path, timeout=_PATIENCE, thread_local=False):
            yield
    except Timeout:
        raise TrainingBusy("Another Digit Lab is starting or repairing a training in this folder. Try again.") from None
