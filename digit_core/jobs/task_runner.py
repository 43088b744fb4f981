"""The work of a background task, in the process that was started for it."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, Protocol, TypeVar

from filelock import FileLock

from digit_core.errors import DigitError, StorageError, TaskFailed
from digit_core.jobs.background_task import BackgroundTask, TaskStatus
from digit_core.jobs.processes import lower_priority
from digit_core.storage.files import make_folder, storage_errors

_REPORT_SECONDS = 0.3  # between two writes of a status that differs in its fraction alone
Result = TypeVar("Result")


class Report(Protocol):
    """Told what a task does and which fraction of it is done, 0 to 1, None if that is unknown."""

    def __call__(self, message: str, fraction: float | None = None) -> None:
        """Replace the task's status."""


def no_report(message: str, fraction: float | None = None) -> None:
    """For work that nobody watches."""


def run_task(task: BackgroundTask, work: Callable[[Report], Result]) -> Result:
    """Do a task's work in this process, when it is its turn, and keep its status; called by its `command`.

    Ends the process when the task's time limit is over. Raises what `work` does, StorageError, or
    TaskFailed for a lack of memory.
    """
    lower_priority()
    make_folder(task.path.parent)
    make_folder(task.queue.turn.parent)
    turn, lock = FileLock(task.queue.turn, thread_local=False), FileLock(task.lock_path, thread_local=False)
    with storage_errors(task.path):
        turn.acquire()
        lock.acquire()
    try:
        with _time_limit(task, turn):
            return _run(task, work)
    finally:
        lock.release()
        turn.release()
        _start_next(task)


def leave(code: int) -> NoReturn:
    """End this process at once: TensorFlow takes a second to exit in order, while the next task is at work already."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run(task: BackgroundTask, work: Callable[[Report], Result]) -> Result:
    try:
        report = _reporter(task)
        report("Starting")
        with task.queue.locked():
            task.queue.remove(task.path)
        task.delete_partial()
        with storage_errors(task.path):
            result = work(report)
        task.clear_status()
        return result
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
        task.write_status(TaskStatus(state="running", message=message, fraction=fraction, process=os.getpid()))
        last_message, last_time = message, time.monotonic()

    return report


def _fail(task: BackgroundTask, reason: str) -> None:
    task.delete_partial()
    try:
        task.write_status(TaskStatus(state="failed", message=reason))
    except StorageError as error:
        print(error, file=sys.stderr)


@contextmanager
def _time_limit(task: BackgroundTask, turn: FileLock) -> Iterator[None]:
    def give_up() -> None:
        reason = f"The {task.noun} took longer than {task.limit / 60:g} minutes and was stopped. Try again later."
        _fail(task, reason)
        turn.release()
        _start_next(task)
        print(reason, file=sys.stderr, flush=True)
        os._exit(1)  # what hangs may hang an orderly exit too

    timer = threading.Timer(task.limit, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _start_next(task: BackgroundTask) -> None:
    try:
        task.queue.start_next()
    except StorageError as error:  # a later look starts it
        print(error, file=sys.stderr)
