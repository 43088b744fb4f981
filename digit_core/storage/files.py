"""Small files, replaced in one step, so that a reader sees the old or the new and never half.

`Path.replace` is atomic within a file system on POSIX and Windows.
"""

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from digit_core.errors import StorageError
from digit_core.storage.paths import display_path

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space and try again."),
    errno.EDQUOT: ("your disk quota is used up", "Free some space and try again."),
    errno.EROFS: ("the disk is read-only", "Set DIGITS_HOME to a folder that can be written."),
    errno.EACCES: ("it may not be written by you", "Set DIGITS_HOME to a folder that can be written."),
    errno.EPERM: ("it may not be written by you", "Set DIGITS_HOME to a folder that can be written."),
    errno.EIO: ("the disk reports an error", "Set DIGITS_HOME to a folder on another disk."),
    errno.ENOTDIR: ("part of the path is a file", "Set DIGITS_HOME to a folder that can be written."),
    errno.EEXIST: ("part of the path is a file", "Set DIGITS_HOME to a folder that can be written."),
}
_NOT_FOR_FOLDERS = {errno.EINVAL, errno.ENOTSUP}  # some network and FUSE file systems


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn a disk's `OSError` met while writing `path` into a `StorageError` that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REASONS:
            raise
        reason, remedy = _REASONS[error.errno]
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
    """As `write_bytes`, for content that is made while it is written; what making it raises is passed on."""
    make_folder(path.parent)
    _replace(path, parts)


def write_where_folder_is(path: Path, content: str) -> None:
    """As `write_text`, but nothing is written when another process has taken the folder away; raises StorageError."""
    with suppress(FileNotFoundError):
        _replace(path, [content.encode()])


def write_text(path: Path, content: str) -> None:
    """Replace a text file's content (UTF-8) in one step; raises StorageError."""
    write_bytes(path, content.encode())


def sync_to_disk(path: Path) -> None:
    """Wait until a file's content, or the names in a folder, would outlive a power cut; raises StorageError.

    Where the platform has nothing of the kind for a folder, as Windows, nothing is waited for.
    """
    is_folder = path.is_dir()
    if is_folder and os.name == "nt":
        return
    with storage_errors(path):
        # Windows syncs only what is open for writing; elsewhere a folder cannot be opened so.
        handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            if not (is_folder and error.errno in _NOT_FOR_FOLDERS):
                raise
        finally:
            os.close(handle)


def _replace(path: Path, parts: Iterable[bytes]) -> None:
    with storage_errors(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                for part in parts:
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o644)  # mkstemp's files are for the owner alone
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
