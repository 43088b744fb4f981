"""The trainer process: takes the machine's lock, trains one job, leaves a run or the reason why not."""

import errno
import os
import signal
import sys
import traceback
from pathlib import Path

from filelock import Timeout

from digit_core.errors import DigitError, StorageError, TrainingFailed
from digit_core.jobs.machine_lock import machine_lock, write_owner
from digit_core.jobs.recovery import mark_cancelled, mark_failed, publish
from digit_core.jobs.training_job import Cancelled, Job
from digit_core.runs.schemas import Progress
from digit_core.storage.files import storage_errors

_PATIENCE = 3  # seconds; a process that only looks at the lock releases it at once
# What ended the training, and by its traceback all that `fit` had in hand. To free TensorFlow's
# prefetch iterator in the middle of an epoch can take for ever, so it is left to the end of the process.
_kept_from_being_freed: list[BaseException] = []


def work(folder: Path) -> int:
    """Train the job in `folder` and return the process's exit code."""
    job = Job(folder)
    try:
        with machine_lock().acquire(timeout=_PATIENCE):
            write_owner(job.folder)
            return _train(job)
    except Timeout:
        print("Another training is under way on this machine.", file=sys.stderr)
    except DigitError as error:
        print(error, file=sys.stderr)
    return 1


def _train(job: Job) -> int:
    job.write_progress(Progress(state="training", message="Loading TensorFlow"))
    signal.signal(signal.SIGTERM, _terminated)
    if hasattr(os, "nice"):
        os.nice(5)  # people who draw meanwhile come first
    try:
        _fill(job)
    except BaseException as error:  # noqa: BLE001 the last place where a bug can still be reported to a person
        _kept_from_being_freed.append(error)
        progress = job.progress()
        if progress is None or progress.state != "publishing":
            return _end_without_run(job, error)
        traceback.print_exc()  # the run is complete
    return _publish(job)


def _fill(job: Job) -> None:
    """Train until the working folder is a complete run."""
    train = _load_training()
    config = job.config()
    if config is None:
        raise TrainingFailed(f"{job.folder / 'request.json'} holds no settings that can be used. Start it anew.")

    def report(progress: Progress) -> None:
        if progress.state == "publishing":  # what is left takes seconds and is worth the whole training
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        job.write_progress(progress)

    with storage_errors(job.folder):
        train(
            config,
            job.folder,
            command=job.request().command,
            report=report,
            cancelled=lambda: job.request().cancel,
        )


def _load_training():
    try:
        import keras  # not before: it takes seconds

        from digit_core.training.fit import train
    except MemoryError:
        raise
    except Exception as error:  # an install that was interrupted fails in many ways
        traceback.print_exc()
        raise TrainingFailed(
            f"TensorFlow and what else a training needs could not be imported ({error}). "
            "The installation is incomplete: run the start command again (python3 scripts/start.py)."
        ) from error
    keras.config.disable_traceback_filtering()  # it would free what a traceback holds
    return train


def _publish(job: Job) -> int:
    try:
        outcome = publish(job)
    except (DigitError, OSError) as error:
        where = f"The run is complete. It is kept in {job.folder}, and published when that is possible."
        print(f"{error}\n{where}", file=sys.stderr)
        return 1
    print(outcome.message)
    return 0 if outcome.state == "finished" else 1


def _end_without_run(job: Job, error: BaseException) -> int:
    try:
        if isinstance(error, Cancelled):
            mark_cancelled(job)
            return 0
        reason = _reason(job, error)
        print(reason, file=sys.stderr)
        mark_failed(job, reason)
    except StorageError:
        print("and that could not be written either", file=sys.stderr)
    return 1


def _reason(job: Job, error: BaseException) -> str:
    """Why a training has failed, for a person."""
    if isinstance(error, DigitError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There was not enough memory. Try a smaller batch size."
    if isinstance(error, SystemExit | KeyboardInterrupt):
        return "The trainer was asked to stop by the system. Nothing else was changed."
    traceback.print_exception(error)
    return f"An unexpected error: {error!r}. {job.folder / 'train.log'} has the details."


def _terminated(_signal, _frame) -> None:
    raise SystemExit(errno.EINTR)
