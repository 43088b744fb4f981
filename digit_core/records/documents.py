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

_Record = TypeVar("_Record", bound=BaseModel)


def read_document(path: Path) -> dict:
    """The JSON object in a file. Raises DamagedRun."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable(path, error) from None
    if not isinstance(document, dict):
        raise DamagedRun(f"{path} does not hold a JSON object.")
    return document


def parse_record(path: Path, record: type[_Record], values: object) -> _Record:
    """The record that the values from that file make. Raises DamagedRun."""
    try:
        return record.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DamagedRun(f"{path} cannot be used: {where}: {first['msg']}.") from None


def unreadable(path: Path, error: Exception) -> DamagedRun:
    """What to raise when reading that file met that error."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return DamagedRun(f"{path} cannot be read: {str(reason).rstrip('.')}.")


def file_stats(folder: Path, names: Iterable[str]) -> dict[str, os.stat_result]:
    """Of the files of these names that are there."""
    stats = {}
    for name in names:
        with contextlib.suppress(OSError):
            found = os.stat(f"{folder}/{name}")  # noqa: PTH116 a Path for each file of a hundred runs takes its time
            if stat.S_ISREG(found.st_mode):
                stats[name] = found
    return stats
