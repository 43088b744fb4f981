"""The queue of background tasks, of which one at a time runs.

    queue.json   the waiting tasks in order; the first may have been started already
    queue.lock   held briefly while queue.json is changed
    turn.lock    held by the process of the running task

A waiting task needs no process. The process that finishes a task starts the next one, and so does
`start_next`: the operating system releases `turn.lock` however its holder ends, so a killed process
cannot block the queue.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from digit_core.errors import DamagedRun, StorageError, TaskFailed
from digit_core.jobs.processes import ProcessNumber, is_alive, start_process
from digit_core.runs.json_files import read_file
from digit_core.storage import paths
from digit_core.storage.files import make_folder, storage_errors, write_bytes
from digit_core.storage.locks import is_held
from digit_core.storage.machine import is_here, this_machine

_STARTING_SECONDS = 60  # how long a process may take from its start to taking its turn


class Ticket(BaseModel):
    """A waiting task, identified by `path`; `process`, `machine` and `started` (Unix seconds) are set at its start."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: Path
    log: Path
    command: tuple[str, ...]
    started: float | None = None
    process: ProcessNumber | None = None
    machine: str = ""

    @property
    def is_starting(self) -> bool:
        """Whether its process was started recently and has not ended."""
        recent = self.started is not None and abs(time.time() - self.started) < _STARTING_SECONDS
        return recent and (not is_here(self.machine) or (self.process is not None and is_alive(self.process)))


_TICKETS = TypeAdapter(list[Ticket])


@dataclass(frozen=True)
class TaskQueue:
    """The queue in a folder; `limit` is the largest number of waiting tasks."""

    folder: Path = field(default_factory=paths.queue_folder)
    limit: int = 100

    @property
    def turn_path(self) -> Path:
        """The lock that the process of the running task holds."""
        return self.folder / "turn.lock"

    def tickets(self) -> list[Ticket]:
        """The waiting tasks, the next one first."""
        try:
            return _TICKETS.validate_json(read_file(self.folder / "queue.json"))
        except (DamagedRun, ValidationError):
            return []

    def has(self, path: Path) -> bool:
        """Whether a task is waiting or starting."""
        return any(ticket.path == path for ticket in self.tickets())

    def is_busy(self) -> bool:
        """Whether a task is running."""
        return is_held(self.turn_path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold `queue.lock`. Raises StorageError."""
        path = make_folder(self.folder) / "queue.lock"
        with storage_errors(path), FileLock(path, poll_interval=0.01, thread_local=False):
            yield

    def add(self, ticket: Ticket) -> None:
        """Append a task; only while `locked`. Raises TaskFailed or StorageError."""
        tickets = self.tickets()
        if len(tickets) >= self.limit:
            raise TaskFailed(f"{self.limit} tasks are in the queue already. Try again when some of them are done.")
        self._write([*tickets, ticket])

    def remove(self, path: Path) -> Ticket | None:
        """Remove a task and return it, if it is there; only while `locked`. Raises StorageError."""
        tickets = self.tickets()
        found = next((ticket for ticket in tickets if ticket.path == path), None)
        if found is not None:
            self._write([ticket for ticket in tickets if ticket.path != path])
        return found

    def start_next(self) -> None:
        """Start the next task's process if no task is running. Raises StorageError."""
        if self.tickets() and not self.is_busy():
            with self.locked():
                self.start_next_locked()

    def start_next_locked(self) -> None:
        """As `start_next`; only while `locked`."""
        while (tickets := self.tickets()) and not self.is_busy():
            first, *rest = tickets
            if first.is_starting:
                return
            process = None
            if first.started is None:  # otherwise it ended before it took its turn, and would do so again
                with suppress(StorageError, OSError):  # the task's status reports it; the next ones need not wait
                    process = start_process(first.log, first.command)
            if process is None:
                self._write(rest)
                continue
            try:
                started = {"started": time.time(), "process": process.pid, "machine": this_machine()}
                self._write([first.model_copy(update=started), *rest])
            except StorageError:
                process.kill()
                raise
            return

    def _write(self, tickets: list[Ticket]) -> None:
        write_bytes(self.folder / "queue.json", _TICKETS.dump_json(tickets))
