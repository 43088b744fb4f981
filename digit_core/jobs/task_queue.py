"""Which background tasks wait, and the two locks that let one at a time work.

    queue.json   the waiting tasks in the order of asking; the first may have been started already
    queue.lock   held for the moments in which queue.json is changed
    turn.lock    held by the process that works, for as long as it does

A waiting task costs no process. Whatever process finishes a task starts the next one, and so
does any later look at the queue: the operating system releases `turn.lock` however its holder
ends, so a killed process cannot stop the queue.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from digit_core.errors import QueueFull, StorageError
from digit_core.jobs.processes import is_alive, start_process
from digit_core.storage import paths
from digit_core.storage.files import make_folder, storage_errors, write_bytes
from digit_core.storage.locks import is_held

_STARTING_SECONDS = 60  # how long a process may take from its start to taking its turn
_PATIENCE = 10  # seconds to wait for `queue.lock`, which is held for milliseconds


class Ticket(BaseModel):
    """A waiting task: its `path` identifies it; `process` and `started` (Unix seconds) are set once it is started."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: Path
    log: Path
    command: tuple[str, ...]
    started: float | None = None
    process: int | None = None

    @property
    def is_starting(self) -> bool:
        """Whether its process was started a moment ago and has not ended."""
        recent = self.started is not None and abs(time.time() - self.started) < _STARTING_SECONDS
        return recent and is_alive(self.process)


_TICKETS = TypeAdapter(list[Ticket])


@dataclass(frozen=True)
class TaskQueue:
    """The queue in a folder; `turn` is the lock that the working process holds, `limit` how many may wait."""

    folder: Path
    turn: Path
    limit: int = 100

    def tickets(self) -> list[Ticket]:
        """The waiting tasks, the next one first."""
        try:
            return _TICKETS.validate_json((self.folder / "queue.json").read_bytes())
        except (OSError, ValidationError):
            return []

    def is_busy(self) -> bool:
        """Whether a process has its turn."""
        return is_held(self.turn)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold `queue.lock`. Raises StorageError."""
        make_folder(self.folder)
        lock = FileLock(self.folder / "queue.lock", thread_local=False)
        try:
            with storage_errors(self.folder):
                lock.acquire(timeout=_PATIENCE, poll_interval=0.01)
        except Timeout:
            raise StorageError(f"The queue in {self.folder} is locked by another process. Try again.") from None
        try:
            yield
        finally:
            lock.release()

    def add(self, ticket: Ticket) -> None:
        """Append a task; only while `locked`. Raises QueueFull or StorageError."""
        tickets = self.tickets()
        if len(tickets) >= self.limit:
            raise QueueFull(f"{self.limit} tasks are in the queue already. Try again when some of them are done.")
        self._write([*tickets, ticket])

    def remove(self, path: Path) -> Ticket | None:
        """Take a task out of the queue, if it is there; only while `locked`. Raises StorageError."""
        tickets = self.tickets()
        found = next((ticket for ticket in tickets if ticket.path == path), None)
        if found is not None:
            self._write([ticket for ticket in tickets if ticket.path != path])
        return found

    def start_next(self) -> None:
        """Start the next task's process if none is at work. Raises StorageError."""
        if self.tickets() and not self.is_busy():
            with self.locked():
                self.start_next_locked()

    def start_next_locked(self) -> None:
        """As `start_next`; only while `locked`."""
        tickets = self.tickets()
        while tickets and not self.is_busy():
            first, *rest = tickets
            if first.is_starting:
                return
            if first.started is not None:  # it ended before it took its turn, and would do so again
                tickets = rest
                self._write(tickets)
                continue
            try:
                make_folder(first.log.parent)
                process = start_process(first.log, first.command)
            except (StorageError, OSError):  # its status says so; the others need not wait for it
                tickets = rest
                self._write(tickets)
                continue
            started = first.model_copy(update={"started": time.time(), "process": process.pid})
            try:
                self._write([started, *rest])
            except StorageError:
                process.kill()  # nobody would know of it
                raise
            return

    def _write(self, tickets: list[Ticket]) -> None:
        write_bytes(self.folder / "queue.json", _TICKETS.dump_json(tickets))


def background_queue() -> TaskQueue:
    """The queue for everything but training that is done in the background for this data folder."""
    folder = paths.queue_folder()
    return TaskQueue(folder, folder / "turn.lock")
