"""Which run is active: one small file, replaced in one step."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from digit_core.access.actors import Action, require
from digit_core.errors import DamagedRun, DigitError
from digit_core.runs.json_files import read_file
from digit_core.runs.run import SHIPPED, Run, open_run
from digit_core.storage import paths
from digit_core.storage.files import make_folder, storage_errors, write_bytes
from digit_core.telemetry.events import log_event

_EARLIER_NAME = "served.json"  # the name of the file in earlier versions


@dataclass(frozen=True)
class ActiveRun:
    """The names of the active run and of the one that was active before it."""

    run: str = SHIPPED
    previous: str | None = None


_ACTIVE = TypeAdapter(ActiveRun)


def read_active() -> ActiveRun:
    """What the file records; the shipped run if the file is missing or damaged."""
    path = paths.active_file()
    try:
        return _ACTIVE.validate_json(read_file(path if path.exists() else paths.home() / _EARLIER_NAME))
    except (DamagedRun, ValidationError):
        return ActiveRun()


def active_run() -> Run:
    """The active run. Raises UnknownRun or DamagedRun if it was deleted or damaged since."""
    return open_run(read_active().run)


def usable_active_run() -> tuple[Run, str | None]:
    """The active run; or the shipped one and the reason, if the active one cannot be used."""
    try:
        return active_run(), None
    except DigitError as error:
        return open_run(SHIPPED), f"{error} The shipped run is used instead."


def activate(name: str) -> None:
    """Make this run the active one. Raises NotPermitted, UnknownRun, DamagedRun or StorageError."""
    require(Action.ACTIVATE)
    with activation_lock():
        open_run(name)
        before = read_active().run
        if before != name:
            _write(ActiveRun(name, before))
            log_event("run_activated", run=name, before=before)


def clear_previous(name: str) -> None:
    """Forget that this run was active before, so that nothing offers to return to it. Raises StorageError."""
    now = read_active()
    if now.previous == name:
        _write(ActiveRun(now.run))


@contextmanager
def activation_lock() -> Iterator[None]:
    """While it is held no other process activates or deletes a run. Raises StorageError."""
    path = make_folder(paths.home()) / ".active.lock"
    with storage_errors(path), FileLock(path, thread_local=False):
        yield


def _write(active: ActiveRun) -> None:
    write_bytes(paths.active_file(), _ACTIVE.dump_json(active))
