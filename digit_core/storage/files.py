"""Small files, replaced in one step: a reader sees the old content or the new, never half of it.

`Path.replace` is atomic within a file system on POSIX and Windows.
"""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from digit_core.errors import StorageError
from digit_core.storage.paths import display_path
from digit_core.storage.temporary_files import temporary_file

_OTHER_FOLDER = "Set DIGITS_HOME to a folder that can be written."
_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space and try again."),
    errno.EDQUOT: ("your disk quota is used up", "Free some space and try again."),
    errno.EROFS: ("the disk is read-only", _OTHER_FOLDER),
    errno.EACCES: ("you may not write there", _OTHER_FOLDER),
    errno.EPERM: ("you may not write there", _OTHER_FOLDER),
    errno.EIO: ("the disk reports an error", "Set DIGITS_HOME to a folder on another disk."),
    errno.ENOTDIR: ("part of the path is a file", _OTHER_FOLDER),
    errno.EEXIST: ("part of the path is a file", _OTHER_FOLDER),
}
_DISK_FULL = os.strerror(errno.ENOSPC).lower()
_IS_WINDOWS = os.name == "nt"
_CANNOT_SYNC_FOLDERS = {errno.EINVAL, errno.ENOTSUP}  # some network and FUSE file systems


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn a disk's error met while writing `path` into a `StorageError` that says what to do."""
    try:
        yield
    except Exception as error:
        number = error.errno if isinstance(error, OSError) else None
        if number is None and _DISK_FULL in str(error).lower():
            number = errno.ENOSPC  # HDF5 and TensorFlow raise errors of their own with the system's message
        if number not in _REASONS:
            raise
        reason, remedy = _REASONS[number]
        raise StorageError(f"{display_path(path)} could not be written: {reason}. {remedy}") from error


def make_folder(path: Path) -> Path:
    """Create a folder and its parents if needed; raises StorageError."""
    with storage_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file's content in one step; raises StorageError and leaves the old content."""
    write_parts(path, [content])


def write_parts(path: Path, parts: Iterable[bytes]) -> None:
    """As `write_bytes`, for content that is computed while it is written; passes on what computing it raises."""
    make_folder(path.parent)
    _replace(path, parts)


def write_text(path: Path, content: str) -> None:
    """Replace a text file's content (UTF-8) in one step; raises StorageError."""
    write_parts(path, [content.encode()])


def write_if_folder_exists(path: Path, content: str | bytes) -> None:
    """Replace a file, text or bytes, in one step; do nothing if its folder is gone. Raises StorageError."""
    with suppress(FileNotFoundError):
        _replace(path, [content.encode() if isinstance(content, str) else content])


def sync_to_disk(path: Path) -> None:
    """Wait until a file's content, or the names in a folder, would survive a power cut; raises StorageError.

    Does nothing for a folder where the platform cannot sync one, as on Windows.
    """
    is_folder = path.is_dir()
    if is_folder and _IS_WINDOWS:
        return
    with storage_errors(path):
        # Windows syncs only files that are open for writing; elsewhere a folder cannot be opened for writing.
        handle = os.open(path, os.O_RDWR if _IS_WINDOWS else os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            if not (is_folder and error.errno in _CANNOT_SYNC_FOLDERS):
                raise
        finally:
            os.close(handle)


def _replace(path: Path, parts: Iterable[bytes]) -> None:
    with storage_errors(path), temporary_file(path) as (temporary, file):
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())
        file.close()  # Windows moves no file that is open
        temporary.chmod(0o644)  # mkstemp's files are for the owner alone
        temporary.replace(path)
