"""Work in a process of its own: start it, watch it, cancel it.

A task writes one file; beside it are

    FILE.progress.json   its status; missing before the task is requested and after it is done
    FILE.log             the output of its process
    FILE.lock            held by its process while it runs
    FILE.partial         the unfinished result, a file or a folder

Whether a task is running is answered by the lock, which the operating system releases however the
process ends. One task of a queue runs at a time; see `digit_core.jobs.task_queue`.

Training shares the processes, locks and cancellation (`digit_core.jobs.processes`) but is no such task:
it starts at once or not at all, can be resumed, and its folder becomes a run (`digit_core.jobs.trainings`).
"""

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from digit_core.access.actors import Action, require
from digit_core.access.rate_limits import EXPORTS
from digit_core.errors import DamagedRun, StorageError
from digit_core.jobs.processes import ProcessNumber, end_process, last_line
from digit_core.jobs.task_queue import TaskQueue, Ticket
from digit_core.runs.json_files import read_file
from digit_core.runs.schemas import Share
from digit_core.storage.files import make_folder, storage_errors, write_text
from digit_core.storage.locks import is_held
from digit_core.storage.machine import is_here
from digit_core.telemetry.events import log_event

_LOCK, _PARTIAL = ".lock", ".partial"


class TaskStatus(BaseModel):
    """The status of a task.

    `fraction` is the share done, 0 to 1, or None if unknown; `updated` is in Unix seconds;
    `process` is the process's number on `machine` while it runs; `cancel` asks a process on another machine to end.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: Literal["waiting", "running", "failed", "cancelled"]
    message: str = ""
    fraction: Share | None = None
    updated: float = Field(default_factory=time.time)
    process: ProcessNumber | None = None
    machine: str = ""
    cancel: bool = False

    @property
    def is_active(self) -> bool:
        """Whether the task is waiting or running."""
        return self.state in ("waiting", "running")


def sidecar_path(path: Path, suffix: str) -> Path:
    """The path with `suffix` added to the file's name."""
    return path.with_name(path.name + suffix)


@dataclass(frozen=True)
class BackgroundTask:
    """The task that writes the file `path` by `command`, which calls `task_runner.run_task`.

    `noun` names it in messages, as in "The export was stopped"; `limit` is in seconds.
    """

    path: Path
    noun: str
    command: tuple[str, ...]
    limit: float = 3600
    queue: TaskQueue = field(default_factory=TaskQueue)

    @property
    def lock_path(self) -> Path:
        """The lock that its process holds."""
        return sidecar_path(self.path, _LOCK)

    @property
    def log_path(self) -> Path:
        """The output of its process."""
        return sidecar_path(self.path, ".log")

    @property
    def partial_path(self) -> Path:
        """A file or folder for the unfinished result; deleted when the task starts, fails or is cancelled."""
        return sidecar_path(self.path, _PARTIAL)

    def start(self) -> bool:
        """Queue the task, and start it if it is next; False if it is waiting or running already.

        Raises NotPermitted, LimitReached, TaskFailed or StorageError.
        """
        require(Action.COMPUTE)
        with self.queue.locked():
            is_new = not self.is_active()
            if is_new:
                EXPORTS.count()
                make_folder(self.path.parent)
                _delete(self.log_path)
                self.queue.add(Ticket(path=self.path, log=self.log_path, command=self.command))
                try:
                    self.write_status(TaskStatus(state="waiting"))
                except StorageError:
                    self.queue.remove(self.path)
                    raise
            self.queue.start_next_locked()
        if is_new:
            log_event("task_started", task=self.noun, file=self.path.name)
        return is_new

    def status(self) -> TaskStatus | None:
        """The status; None if the task was never requested or is done. Changes nothing."""
        status = self._read_status()
        if status is None or not status.is_active:
            return status
        if status.state == "waiting" and (message := self._queue_position()):
            return status.model_copy(update={"message": message})
        is_running = is_held(self.lock_path)
        status = self._read_status()  # it may have changed in the meantime
        if is_running or status is None or not status.is_active:
            return status
        reason = f"The {self.noun} was stopped before it was done. Try again."
        if status.state == "waiting":
            reason = f"The {self.noun} could not be started. {last_line(self.log_path)}".strip()
        return status.model_copy(update={"state": "failed", "message": reason, "fraction": None})

    def is_active(self) -> bool:
        """Whether the task is waiting or running."""
        status = self.status()
        return status is not None and status.is_active

    def watch(self) -> TaskStatus | None:
        """As `status`, for polling: also restarts a queue whose running process was killed."""
        with suppress(StorageError):  # a full disk must not hide the status
            self.queue.start_next()
        return self.status()

    def cancel(self) -> None:
        """Remove the task from the queue or end its process, if it is active.

        A process on another machine ends when it next reports its progress.
        Raises NotPermitted, TaskFailed or StorageError.
        """
        require(Action.COMPUTE)
        with self.queue.locked():
            status, ticket = self._read_status(), self.queue.remove(self.path)
            if status is None or not status.is_active:
                return
            is_running = is_held(self.lock_path) if ticket is None else ticket.is_starting
            owner = ticket or status
            if is_running and not is_here(owner.machine):
                return self.write_status(status.model_copy(update={"cancel": True, "message": "Cancelling"}))
            process = owner.process if is_running else None
        if process is not None:
            end_process(process, lambda: is_held(self.lock_path))
        with self.queue.locked():
            status = self._read_status()
            if status is not None and status.is_active and not is_held(self.lock_path) and not self._queue_position():
                self.write_status(TaskStatus(state="cancelled", message="Cancelled."))
                log_event("task_cancelled", task=self.noun, file=self.path.name)
                self.delete_partial()
            self.queue.start_next_locked()

    def write_status(self, status: TaskStatus) -> None:
        """Replace the status; for the task's own process. Raises StorageError."""
        write_text(self._status_path, status.model_dump_json())

    def clear_status(self) -> None:
        """Delete the status of a task that is done. Raises StorageError."""
        with storage_errors(self._status_path):
            self._status_path.unlink(missing_ok=True)

    def delete_partial(self) -> None:
        """Delete the unfinished result."""
        _delete(self.partial_path)

    def delete_files(self) -> None:
        """Delete the result and all files beside it; only for a task that is not active."""
        for path in (self.path, self._status_path, self.log_path, self.partial_path, self.lock_path):
            _delete(path)

    @property
    def _status_path(self) -> Path:
        return sidecar_path(self.path, ".progress.json")

    def is_cancelled(self) -> bool:
        """Whether another machine asks the task's process to end; for that process."""
        status = self._read_status()
        return status is not None and status.cancel

    def _read_status(self) -> TaskStatus | None:
        try:
            return TaskStatus.model_validate_json(read_file(self._status_path))
        except (DamagedRun, ValidationError):
            return None

    def _queue_position(self) -> str | None:
        """The number of tasks ahead, in words; None if the task is not in the queue, or its process ended at once."""
        for position, ticket in enumerate(self.queue.tickets()):
            if ticket.path == self.path and (ticket.started is None or ticket.is_starting):
                ahead = position + self.queue.is_busy()
                return f"In the queue, {ahead} ahead" if ahead and ticket.started is None else "Starting"
        return None


def sweep_partial_results(folder: Path) -> None:
    """Delete the unfinished results, in a folder and below, of tasks whose process was killed."""
    for partial in folder.rglob(f"*{_PARTIAL}"):
        lock = FileLock(partial.with_name(partial.name.removesuffix(_PARTIAL) + _LOCK), thread_local=False)
        with suppress(OSError), lock.acquire(timeout=0):  # as the task's process does before it begins
            _delete(partial)


def _delete(path: Path) -> None:
    with suppress(OSError):  # a leftover does no harm
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
