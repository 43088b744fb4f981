"""Which run reads: one small file, replaced in one step."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from filelock import FileLock

from digit_core.errors import DigitError
from digit_core.records import home
from digit_core.records.runs import SHIPPED, Run, open_run
from digit_core.records.storage import make_folder, storage_errors, write_text


@dataclass(frozen=True)
class Served:
    """The name of the run that reads, and of the one that read before it."""

    run: str = SHIPPED
    previous: str | None = None


def served() -> Served:
    """What the file says; the shipped run if there is none, or if nobody can read it."""
    try:
        document = json.loads(home.served_file().read_text(encoding="utf-8"))
        run, previous = document["run"], document.get("previous")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Served()
    if not isinstance(run, str):
        return Served()
    return Served(run, previous if isinstance(previous, str) else None)


def served_run() -> Run:
    """The run that reads. Raises UnknownRun or DamagedRun if it was deleted or damaged since."""
    return open_run(served().run)


def usable_served_run() -> tuple[Run, str | None]:
    """The run that reads, or the shipped one and why, when that cannot be used."""
    try:
        return served_run(), None
    except DigitError as error:
        return open_run(SHIPPED), f"{error} The shipped run reads instead."


def serve(name: str) -> Served:
    """Let this run read from now on. Raises UnknownRun, DamagedRun or StorageError."""
    with serving_lock():
        open_run(name)
        before = served()
        if before.run == name:
            return before
        return _write(Served(name, before.run))


def forget_previous(name: str) -> None:
    """Offer no more to go back to this run. Raises StorageError."""
    now = served()
    if now.previous == name:
        _write(Served(now.run))


def changed_since(moment: float) -> bool:
    """Whether another run was made active after a moment, in Unix seconds."""
    try:
        return home.served_file().stat().st_mtime > moment
    except OSError:
        return False


def sweep_served() -> None:
    """Delete the temporary files of writes that were killed. Raises StorageError."""
    if home.home().is_dir():
        with serving_lock():  # while it is held no such file is in use
            for path in home.home().glob(f".{home.served_file().name}.*"):
                path.unlink(missing_ok=True)


@contextmanager
def serving_lock() -> Iterator[None]:
    """While it is held no other process changes which run reads, or deletes one. Raises StorageError."""
    path = make_folder(home.home()) / ".served.lock"
    with storage_errors(path), FileLock(path, thread_local=False):
        yield


def _write(now: Served) -> Served:
    write_text(home.served_file(), json.dumps(asdict(now)))
    return now
