"""A trainer that imports TensorFlow first and waits for its job then; see `digit_core.jobs.warm_trainer`."""

import contextlib
import os
import sys
import threading
import time
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from digit_core.errors import DigitError
from digit_core.jobs.processes import lower_priority
from digit_core.jobs.task_runner import exit_at_once
from digit_core.jobs.training_job import Job
from digit_core.jobs.warm_trainer import UNUSED_SECONDS, HandedOver, identity
from digit_core.storage import paths
from digit_core.storage.files import write_text
from digit_core.training.worker import claim, import_training, work_claimed

_PAUSE = 0.05  # seconds between two looks at the folder, which cost some ten microseconds


def wait_for_job(folder: Path) -> int:
    """Import what a training needs, wait for a job in `folder`, and train it; returns the exit code.

    Ends the process if nobody wants it for five minutes, and with the process that started it.
    """
    lower_priority()
    waiting = FileLock(paths.warm_trainer_lock(), timeout=0, mode=0o666, thread_local=False)
    try:
        waiting.acquire()
    except (Timeout, OSError):
        return 0  # there is one already
    watcher = _Watcher(folder, waiting)
    watcher.start()
    with contextlib.suppress(DigitError):  # the job reports it
        import_training()
    watcher.join()
    if watcher.claimed is None:
        return 1
    return work_claimed(*watcher.claimed, warm=True)


class _Watcher(threading.Thread):
    """Waits for the job while the main thread imports TensorFlow, and ends the process if none is to come."""

    def __init__(self, folder: Path, waiting: FileLock) -> None:
        super().__init__(daemon=True)
        self._folder, self._waiting, self._parent = folder, waiting, os.getppid()
        self.claimed: tuple[Job, FileLock] | None = None

    def run(self) -> None:
        try:
            self._wait()
        except BaseException as error:  # noqa: BLE001 without its watcher the process must not go on
            print(f"{error!r}", file=sys.stderr)
            exit_at_once(1)

    def _wait(self) -> None:
        (self._folder / "job.json").unlink(missing_ok=True)  # for a trainer before this one
        write_text(self._folder / "ready.json", identity(os.getpid()).model_dump_json())
        while (handed := self._take()) is None:
            if os.getppid() != self._parent or self._unused_seconds() > UNUSED_SECONDS:
                (self._folder / "ready.json").unlink(missing_ok=True)
                exit_at_once(0)
            time.sleep(_PAUSE)
        (self._folder / "ready.json").unlink(missing_ok=True)
        _redirect_output(handed.folder / "train.log")
        job = Job(handed.folder)
        lock = claim(job)
        self._waiting.release()
        self.claimed = (job, lock) if lock else None

    def _take(self) -> HandedOver | None:
        """The job, if one was handed over and not withdrawn."""
        try:
            taken = (self._folder / "job.json").replace(self._folder / "taken.json")
            return HandedOver.model_validate_json(taken.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError:
            exit_at_once(1)

    def _unused_seconds(self) -> float:
        try:
            return abs(time.time() - (self._folder / "wanted").stat().st_mtime)  # the clock may have been set back
        except OSError:
            return float("inf")  # the home was deleted


def _redirect_output(log: Path) -> None:
    """From here on this process's output, TensorFlow's included, goes to the job's log."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(handle, stream.fileno())
    os.close(handle)
