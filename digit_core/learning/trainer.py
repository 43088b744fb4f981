"""The trainer process: takes the machine's lock, trains one job, leaves a run or the reason why not."""

import contextlib
import errno
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path

from filelock import Timeout

from digit_core.errors import DamagedRun, DigitError, StorageError
from digit_core.records.config import parse_config
from digit_core.records.jobs import EXIT_BUSY, Job
from digit_core.records.machine import announce, machine_lock
from digit_core.records.placing import move_into_place
from digit_core.records.results import Progress
from digit_core.records.runs import BINARY
from digit_core.records.served import serve
from digit_core.records.storage import storage_errors

_PATIENCE = 3  # seconds; whoever only looks at the lock lets it go at once


def work(folder: Path) -> int:
    """Train the job in `folder` and return the process's exit code."""
    job = Job(folder)
    lock = machine_lock()
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout:
        print("Another training is under way on this machine.")
        return EXIT_BUSY
    with lock:
        announce(job.folder)
        return _train(job)


def _train(job: Job) -> int:
    job.write_progress(Progress(state="training", message="Loading TensorFlow"))
    signal.signal(signal.SIGTERM, _terminated)
    if hasattr(os, "nice"):
        os.nice(5)  # people who draw meanwhile come first

    from digit_core.learning.callbacks import Cancelled  # not before: it loads Keras, which takes seconds
    from digit_core.learning.training import train

    document = json.loads((job.folder / "config.json").read_text(encoding="utf-8"))
    try:
        config = parse_config(document["config"])
        with storage_errors(job.folder):
            metrics = train(
                config,
                job.folder,
                command=document.get("command") or document["environment"]["command"],  # of a stopped one
                report=job.write_progress,
                cancelled=lambda: job.request().cancel,
            )
        if job.request().cancel:
            raise Cancelled
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what is left takes a moment and is worth the whole training
        job.write_progress(_ended(job, "finished", f"Test accuracy {metrics.accuracy:.2%}"))
    except Cancelled:
        job.write_progress(_ended(job, "cancelled", "Cancelled. Nothing was changed."))
    except DigitError as error:
        return _fail(job, str(error))
    except MemoryError:
        return _fail(job, "There was not enough memory. Try a smaller batch size.")
    except SystemExit:
        return _fail(job, "The trainer was asked to stop by the system. Nothing else was changed.")
    except Exception as error:  # noqa: BLE001 the last place where a bug can still be told to a person
        traceback.print_exc()
        return _fail(job, f"An unexpected error: {error!r}. {job.folder / 'train.log'} has the details.")
    else:
        return _hand_over(job)
    return 0


def _hand_over(job: Job) -> int:
    """Make a finished training a run; nothing that goes wrong here makes it a failed one."""
    wanted = job.request()
    try:
        run = move_into_place(job.folder)
    except DamagedRun as error:
        return _fail(job, str(error))  # nobody could move it later either
    except (DigitError, OSError) as error:
        print(
            f"{error}\nThe run is kept in {job.folder} and moved to its place when that can be done.", file=sys.stderr
        )
        return 1
    try:
        if wanted.serve:
            serve(run.name)
    except (DigitError, OSError) as error:
        print(error, file=sys.stderr)
        finished = job.progress()
        said = f"{finished.message}. It does not read yet: {str(error).removesuffix('.')}"
        with contextlib.suppress(StorageError):
            Job(run.path).write_progress(finished.model_copy(update={"message": said}))
    return 0


def _fail(job: Job, reason: str) -> int:
    print(reason, file=sys.stderr)
    for name in BINARY:  # of no use any more, and on a full disk the reason needs their room
        (job.folder / name).unlink(missing_ok=True)
    try:
        job.write_progress(_ended(job, "failed", reason))
    except StorageError:
        print("and that could not be written either", file=sys.stderr)
    return 1


def _ended(job: Job, state: str, message: str) -> Progress:
    last = job.progress() or Progress()
    return last.model_copy(update={"state": state, "message": message, "seconds_left": None, "updated": time.time()})


def _terminated(_signal, _frame) -> None:
    raise SystemExit(errno.EINTR)
