"""Work in a process of its own: start it, watch it, cancel it.

Beside the file that a task makes lie

    FILE.progress.json   its status; there is none before it was asked for and after it is done
    FILE.log             the output of its process
    FILE.lock            held by its process while it works
    FILE.partial         what is not finished yet, a file or a folder

"Is it running?" is answered by the lock, which the operating system releases however the process
ends. One task of a queue works at a time; see `digit_core.jobs.task_queue`.
"""

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from digit_core.errors import StorageError, TaskFailed
from digit_core.jobs.processes import end_process
from digit_core.jobs.task_queue import TaskQueue, Ticket, background_queue
from digit_core.storage.files import make_folder, storage_errors, write_text
from digit_core.storage.locks import is_held

_ENDING_SECONDS = 5  # how long a process that is asked to end may take


class TaskStatus(BaseModel):
    """Where a task stands.

    `fraction` lies between 0 and 1, or is None if unknown; `updated` is in Unix seconds; `process`
    is the process's number while it runs.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: Literal["waiting", "running", "failed", "cancelled"]
    message: str = ""
    fraction: float | None = None
    updated: float = Field(default_factory=time.time)
    process: int | None = None

    @property
    def is_active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("waiting", "running")


def sidecar_path(path: Path, ending: str) -> Path:
    """The file of that name with `ending` added."""
    return path.with_name(path.name + ending)


@dataclass(frozen=True)
class BackgroundTask:
    """The task that makes the file `path` by `command`, which calls `task_runner.run_task`.

    `noun` names it in sentences, as in "The export was stopped"; `limit` is in seconds.
    """

    path: Path
    noun: str
    command: tuple[str, ...]
    limit: float = 3600
    queue: TaskQueue = field(default_factory=background_queue)

    @property
    def lock_path(self) -> Path:
        """The lock that its process holds."""
        return sidecar_path(self.path, ".lock")

    @property
    def log_path(self) -> Path:
        """The output of its process."""
        return sidecar_path(self.path, ".log")

    @property
    def partial_path(self) -> Path:
        """A file or folder for what is not finished; it is deleted when the task fails, is cancelled or starts anew."""
        return sidecar_path(self.path, ".partial")

    def start(self) -> bool:
        """Put it into the queue, and start it if it is its turn; False if it waits or runs already.

        Raises QueueFull or StorageError.
        """
        with self.queue.locked():
            is_new = not self.is_active()
            if is_new:
                make_folder(self.path.parent)
                _delete(self.log_path)
                self.queue.add(Ticket(path=self.path, log=self.log_path, command=self.command))
                try:
                    self.write_status(TaskStatus(state="waiting"))
                except StorageError:
                    self.queue.remove(self.path)
                    raise
            self.queue.start_next_locked()
        return is_new

    def status(self) -> TaskStatus | None:
        """Where it stands; None if it was never asked for or is done. Changes nothing."""
        status = self._written()
        if status is None or not status.is_active:
            return status
        if status.state == "waiting" and (message := self._place_in_queue()):
            return status.model_copy(update={"message": message})
        if is_held(self.lock_path):
            return self._written() or status
        after = self._written()  # it may have ended in the meantime
        if after is None or not after.is_active:
            return after
        reason = f"The {self.noun} was stopped before it was done. Try again."
        if after.state == "waiting":
            reason = f"The {self.noun} could not be started. {_last_line(self.log_path)}".strip()
        return after.model_copy(update={"state": "failed", "message": reason, "fraction": None})

    def is_active(self) -> bool:
        """Whether it waits or runs."""
        status = self.status()
        return status is not None and status.is_active

    def watch(self) -> TaskStatus | None:
        """As `status`, for those who look repeatedly: a queue that a kill has stopped goes on."""
        with suppress(StorageError):  # a full disk must not hide the status
            self.queue.start_next()
        return self.status()

    def cancel(self) -> None:
        """Take it out of the queue or end its process; nothing if it is done. Raises TaskFailed or StorageError."""
        with self.queue.locked():
            status, ticket = self._written(), self.queue.remove(self.path)
            if status is None or not status.is_active:
                return
            if ticket is None:
                process = status.process if is_held(self.lock_path) else None
            else:
                process = ticket.process if ticket.is_starting else None
        if process is not None:
            self._end(process)
        with self.queue.locked():
            status = self._written()
            if status is not None and status.is_active and not is_held(self.lock_path) and not self._place_in_queue():
                self.write_status(TaskStatus(state="cancelled", message="Cancelled."))
                self.delete_partial()
            self.queue.start_next_locked()

    def write_status(self, status: TaskStatus) -> None:
        """Replace its status; for its own process. Raises StorageError."""
        write_text(self._status_path, status.model_dump_json())

    def clear_status(self) -> None:
        """It is done. Raises StorageError."""
        with storage_errors(self._status_path):
            self._status_path.unlink(missing_ok=True)

    def delete_partial(self) -> None:
        """Delete what was not finished."""
        _delete(self.partial_path)

    def delete_files(self) -> None:
        """Delete what it made and all that lies beside it; for one that is not active."""
        for path in (self.path, self._status_path, self.log_path, self.partial_path, self.lock_path):
            _delete(path)

    @property
    def _status_path(self) -> Path:
        return sidecar_path(self.path, ".progress.json")

    def _written(self) -> TaskStatus | None:
        try:
            return TaskStatus.model_validate_json(self._status_path.read_bytes())
        except (OSError, ValidationError):
            return None

    def _place_in_queue(self) -> str | None:
        """How many are before it, in words; None if it is not in the queue."""
        tickets = self.queue.tickets()
        place = next((place for place, ticket in enumerate(tickets) if ticket.path == self.path), None)
        if place is None:
            return None
        if tickets[place].started is not None:
            return "Starting"
        ahead = place + self.queue.is_busy()
        return f"In the queue, {ahead} ahead" if ahead else "Starting"

    def _end(self, process: int) -> None:
        for by_force in (False, True):
            end_process(process, by_force=by_force)
            deadline = time.monotonic() + _ENDING_SECONDS
            while is_held(self.lock_path):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.01)  # a bounded wait for another process to end
            else:
                return
        raise TaskFailed(f"The process {process} of the {self.noun} could not be ended.")


def _delete(path: Path) -> None:
    with suppress(OSError):  # what stays is in nobody's way
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
