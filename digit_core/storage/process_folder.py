"""A folder for the temporary files of this process alone, deleted at its end or swept after it was killed.

TensorFlow deletes what it leaves in the folder for temporary files only when the interpreter shuts down in peace.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from digit_core.errors import StorageError
from digit_core.storage import paths
from digit_core.storage.files import make_folder

_own: list[FileLock] = []  # held until the process ends


def use_own_folder() -> None:
    """Use such a folder from here on; without it, as on a full disk, the system's folder has to do."""
    with suppress(OSError, StorageError):
        folder = make_folder(paths.temporary_folder()) / f"process-{os.getpid()}"
        lock = FileLock(f"{folder}.lock", timeout=1, thread_local=False)
        lock.acquire()
        _own.append(lock)
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier process with this number
        folder.mkdir()
        paths.use_temporary_folder(folder)


def delete_own_folder() -> None:
    """Delete the folder at the end of the process."""
    while _own:
        _delete(_own.pop())


def sweep_process_folders() -> None:
    """Delete the folders of processes that were killed."""
    for path in paths.temporary_folder().glob("process-*.lock"):
        lock = FileLock(path, timeout=0, thread_local=False)
        with suppress(OSError):  # its process is alive
            lock.acquire()
            _delete(lock)


def _delete(lock: FileLock) -> None:
    shutil.rmtree(Path(lock.lock_file).with_suffix(""), ignore_errors=True)
    with suppress(OSError):
        Path(lock.lock_file).unlink()
    lock.release()
