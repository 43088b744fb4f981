"""The work of a background task, in the process that was started for it."""

import os
import sys
import time
from collections.abc import Callable
from typing import NoReturn, Protocol, TypeVar

from filelock import FileLock

from digit_core.errors import DigitError, StorageError, TaskFailed
from digit_core.jobs.background_task import BackgroundTask, TaskStatus
from digit_core.jobs.process_limits import Exceeded, LimitWatch, ProcessLimits, memory_limit
from digit_core.jobs.processes import lower_priority
from digit_core.storage.files import make_folder, storage_errors
from digit_core.storage.machine import this_machine
from digit_core.storage.process_folder import delete_own_folder
from digit_core.telemetry.events import log_event

_REPORT_SECONDS = 0.3  # between two writes of a status of which only the fraction changes
Result = TypeVar("Result")


class _Cancelled(Exception):
    """The task was cancelled on another machine."""


class _NotQueued(TaskFailed):
    """The task left the queue before its process had its turn."""


class Report(Protocol):
    """Receives a task's current step and the fraction that is done, 0 to 1, or None if unknown."""

    def __call__(self, message: str, fraction: float | None = None) -> None: ...  # noqa: D102


def no_report(message: str, fraction: float | None = None) -> None:
    """Ignore the progress."""


def run_task(task: BackgroundTask, work: Callable[[Report], Result]) -> Result:
    """Wait for the task's turn, do its work in this process and maintain its status; called by its `command`.

    Does nothing if the task is not in the queue at its turn: it was cancelled, or has been done by another process,
    as happens when the app is killed while it starts one. Ends the process when the task's time limit, or the limit
    of memory, is exceeded. Raises what `work` does, StorageError, or TaskFailed if there is not enough memory or the
    task is not in the queue.
    """
    lower_priority()
    make_folder(task.path.parent)
    make_folder(task.queue.folder)
    turn, lock = (FileLock(path, thread_local=False) for path in (task.queue.turn_path, task.lock_path))
    with storage_errors(task.path):
        turn.acquire()
        lock.acquire()
    watch = LimitWatch(ProcessLimits(memory_limit(), task.limit), lambda exceeded: _give_up(task, turn, exceeded))
    watch.start()
    try:
        return _run(task, work)
    finally:
        watch.stop()
        lock.release()
        turn.release()
        task.watch()  # starts the next one


def exit_at_once(code: int) -> NoReturn:
    """End this process without cleaning up: TensorFlow's threads can take seconds, or hang."""
    delete_own_folder()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run(task: BackgroundTask, work: Callable[[Report], Result]) -> Result:
    try:
        report = _reporter(task)
        with task.queue.locked():
            if not task.queue.has(task.path):
                raise _NotQueued(f"The {task.noun} is not in the queue: it was cancelled, or is done already.")
            report("Starting")
            task.queue.remove(task.path)
        task.delete_partial()
        with storage_errors(task.path):
            result = work(report)
        task.clear_status()
        return result
    except _Cancelled:
        task.delete_partial()
        task.write_status(TaskStatus(state="cancelled", message="Cancelled."))
        raise TaskFailed(f"The {task.noun} was cancelled.") from None
    except _NotQueued:
        raise  # its status is another process's
    except DigitError as error:
        _fail(task, str(error))
        raise
    except MemoryError:
        reason = f"There was not enough memory for the {task.noun}. Close other programs and try again."
        _fail(task, reason)
        raise TaskFailed(reason) from None
    except Exception as error:
        _fail(task, f"An unexpected error: {error!r}. {task.log_path} has the details.")
        raise


def _reporter(task: BackgroundTask) -> Report:
    last_message, last_time = None, 0.0

    def report(message: str, fraction: float | None = None) -> None:
        nonlocal last_message, last_time
        if message == last_message and time.monotonic() - last_time < _REPORT_SECONDS:
            return
        if task.is_cancelled():
            raise _Cancelled
        place = {"process": os.getpid(), "machine": this_machine()}
        task.write_status(TaskStatus(state="running", message=message, fraction=fraction, **place))
        last_message, last_time = message, time.monotonic()

    return report


def _fail(task: BackgroundTask, reason: str) -> None:
    task.delete_partial()
    try:
        task.write_status(TaskStatus(state="failed", message=reason))
    except StorageError as error:
        print(error, file=sys.stderr)


def _give_up(task: BackgroundTask, turn: FileLock, exceeded: Exceeded) -> None:
    """End this process: a limit is exceeded."""
    reason = f"The {task.noun} took longer than {task.limit / 60:g} minutes and was stopped. Try again later."
    if exceeded == "memory":
        reason = f"The {task.noun} needed more than {memory_limit():,.0f} MB of memory and was stopped."
    log_event("task_stopped", task=task.noun, reason=exceeded)
    _fail(task, reason)
    turn.release()
    task.watch()
    print(reason, file=sys.stderr)
    exit_at_once(1)
