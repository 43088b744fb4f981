"""The files of a run, and its JSON read with an error that names the file."""

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

_Record = TypeVar("_Record", bound=BaseModel)
_LARGEST_RECORD = 4_000_000  # bytes; the largest, a training's progress with its curve, has some ten thousand
# Opening a pipe would otherwise wait until it is written to. Windows has neither flag.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def read_small_file(path: Path, largest: int = _LARGEST_RECORD) -> bytes:
    """The content of a file, at once.

    Raises OSError if it is not there, a link, a pipe or another thing that is no regular file, or
    has more than `largest` bytes.
    """
    handle = os.open(path, _FLAGS)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("it is not a regular file")
        content = file.read(largest + 1)
    if len(content) > largest:
        raise OSError(f"it has more than {largest:,} bytes")
    return content


def read_json(path: Path) -> dict:
    """The JSON object in a file. Raises DamagedRun."""
    try:
        document = json.loads(read_small_file(path).decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable(path, error) from None
    if not isinstance(document, dict):
        raise DamagedRun(f"{display_path(path)} does not hold a JSON object.")
    return document


def parse_model(path: Path, record: type[_Record], values: object) -> _Record:
    """The record that the values from that file make. Raises DamagedRun."""
    try:
        return record.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DamagedRun(f"{display_path(path)} cannot be used: {where}: {first['msg']}.") from None


def unreadable(path: Path, error: Exception) -> DamagedRun:
    """What to raise when reading that file met that error."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return DamagedRun(f"{display_path(path)} cannot be read: {str(reason).rstrip('.')}.")


def file_stats(folder: Path, names: Iterable[str]) -> dict[str, os.stat_result]:
    """Of the regular files of these names that are there; a link is none, as it may lead out of the folder."""
    stats = {}
    for name in names:
        with contextlib.suppress(OSError):
            found = os.lstat(f"{folder}/{name}")  # a Path for each file of a hundred runs takes its time
            if stat.S_ISREG(found.st_mode):
                stats[name] = found
    return stats
