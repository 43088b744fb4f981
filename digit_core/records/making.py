"""Something of a run that a process of its own makes in the background: is it asked for, under way, failed?

Beside the file that is being made lie

    FILE.progress.json   how the making goes, gone when it is done
    FILE.log             what the process had to say
    FILE.lock            held by that process while it lives

"Is it being made?" is answered by the lock, which the operating system releases however the
process ends.
"""

import hashlib
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Literal

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from digit_core.errors import DamagedRun
from digit_core.records.locks import is_held
from digit_core.records.runs import Run
from digit_core.records.storage import make_folder, storage_errors, write_text

asking = Lock()  # held from "is it being made?" to "have it made": a class presses a button all at once
_STARTING_SECONDS = 60  # how long a process may take from being asked for to holding the lock


class Making(BaseModel):
    """Where the making stands; `fraction` of it done, if that is known; `updated` in Unix seconds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: Literal["waiting", "making", "failed"] = "waiting"
    message: str = "Starting"
    fraction: float | None = None
    updated: float = Field(default_factory=time.time)

    @property
    def is_active(self) -> bool:
        """Whether it is waited for or under way."""
        return self.state != "failed"


def state_of(path: Path, noun: str) -> Making | None:
    """How the making of a file goes or why it failed; None when nobody has asked, or when it is done.

    `noun` names what is made, as in "The export was stopped".
    """
    making = _written(path)
    if making is None or making.state == "failed":
        return making
    if making.state == "waiting" and time.time() - making.updated < _STARTING_SECONDS:
        return making
    if is_held(beside(path, ".lock")):
        return making
    making = _written(path)  # it may have ended in the meantime
    if making is None or making.state == "failed":
        return making
    return Making(state="failed", message=f"The {noun} was stopped from outside before it was done. Try again.")


def say(path: Path, making: Making) -> None:
    """Say how the making of a file goes. Raises StorageError."""
    write_text(beside(path, ".progress.json"), making.model_dump_json())


def forget(path: Path) -> None:
    """Nothing is being made, or it is done. Raises StorageError."""
    progress = beside(path, ".progress.json")
    with storage_errors(progress):
        progress.unlink(missing_ok=True)


def forget_all(path: Path) -> None:
    """Delete a file and all that lies beside it about its making."""
    for file in (path, *(beside(path, ending) for ending in (".progress.json", ".log", ".lock"))):
        with suppress(OSError):  # what stays is found by nobody
            file.unlink(missing_ok=True)


def lock_of(path: Path) -> FileLock:
    """The lock that whoever makes this file holds. Raises StorageError if its folder cannot be made."""
    make_folder(path.parent)
    return FileLock(beside(path, ".lock"), thread_local=False)


def digest_of(run: Run, names: tuple[str, ...], version: str) -> str:
    """A digest that changes with these files of a run and with `version`. Raises DamagedRun."""
    try:
        stats = [(run.path / name).stat() for name in names]
        return _digest(run.path, names, version, tuple((stat.st_size, stat.st_mtime_ns) for stat in stats))
    except OSError as error:
        raise DamagedRun(f"A file of the run {run.name} cannot be read: {error.strerror}.") from None


def beside(path: Path, ending: str) -> Path:
    """The file of that name with something added."""
    return path.with_name(path.name + ending)


def _written(path: Path) -> Making | None:
    try:
        return Making.model_validate_json(beside(path, ".progress.json").read_bytes())
    except (OSError, ValidationError):
        return None


@lru_cache(maxsize=64)
def _digest(folder: Path, names: tuple[str, ...], version: str, _changed: tuple) -> str:
    digest = hashlib.sha256(version.encode())
    for name in names:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()
