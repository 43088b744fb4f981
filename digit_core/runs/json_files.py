"""Reading the files of a run, with errors that name the file."""

import contextlib
import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from digit_core.errors import DamagedRun
from digit_core.storage.paths import display_path

_Model = TypeVar("_Model", bound=BaseModel)
_MAX_BYTES = 4_000_000  # of a JSON file; the largest, a training's progress with its curve, has some ten thousand
# Without O_NONBLOCK, opening a pipe would wait until it is written to. Windows has neither flag.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def read_file(path: Path, max_bytes: int = _MAX_BYTES) -> bytes:
    """The content of a file. Raises DamagedRun if it is missing, no regular file, or larger than `max_bytes`."""
    try:
        handle = os.open(path, _FLAGS)
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise OSError("it is not a regular file")
            # The size first: memory for all that is asked for is taken at once.
            content = file.read(found.st_size + 1) if found.st_size <= max_bytes else b""
        if max(found.st_size, len(content)) > max_bytes:
            raise OSError(f"it has more than {max_bytes:,} bytes")
    except OSError as error:
        raise unreadable(path, error) from None
    return content


def read_json(path: Path) -> dict:
    """The JSON object in a file. Raises DamagedRun."""
    try:
        document = json.loads(read_file(path))
    except (ValueError, RecursionError) as error:
        raise unreadable(path, error) from None
    if not isinstance(document, dict):
        raise DamagedRun(f"{display_path(path)} does not hold a JSON object.")
    return document


def read_model(path: Path, model: type[_Model], key: str | None = None) -> _Model:
    """The validated model in a JSON file, or under a key of it. Raises DamagedRun."""
    document = read_json(path)
    try:
        return model.model_validate(document.get(key) if key else document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DamagedRun(f"{display_path(path)} cannot be used: {where}: {first['msg']}.") from None


def unreadable(path: Path, error: Exception) -> DamagedRun:
    """The DamagedRun to raise for an error met while reading a file."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return DamagedRun(f"{display_path(path)} cannot be read: {str(reason).rstrip('.')}.")


def file_stats(folder: Path, names: Iterable[str]) -> dict[str, os.stat_result]:
    """The stat results of those names that are regular files; a link is not, as it may lead out of the folder."""
    stats = {}
    for name in names:
        with contextlib.suppress(OSError):
            found = os.lstat(f"{folder}/{name}")  # creating a Path for each file of a hundred runs is slow
            if stat.S_ISREG(found.st_mode):
                stats[name] = found
    return stats
