"""The trainer process: takes the machine's lock, trains one job, leaves a run or the reason why not."""

import errno
import signal
import sys
import traceback
from pathlib import Path

from filelock import Timeout

from digit_core.errors import DigitError, StorageError, TrainingFailed
from digit_core.jobs.machine_lock import machine_lock, write_owner
from digit_core.jobs.processes import lower_priority
from digit_core.jobs.recovery import mark_cancelled, mark_failed, publish
from digit_core.jobs.training_job import Cancelled, Job
from digit_core.runs.schemas import Progress
from digit_core.storage.files import storage_errors

_PATIENCE = 3  # seconds; a process that only looks at the lock releases it at once
# The error that ended the training; its traceback refers to everything that `fit` used. Freeing TensorFlow's
# prefetch iterator in the middle of an epoch can hang, so it is left to the end of the process.
_errors: list[BaseException] = []


def work(folder: Path) -> int:
    """Train the job in `folder` and return the process's exit code."""
    job = Job(folder)
    try:
        with machine_lock().acquire(timeout=_PATIENCE):
            write_owner(job.folder)
            return _train(job)
    except Timeout:
        print("Another training is running on this machine.", file=sys.stderr)
    except DigitError as error:
        print(error, file=sys.stderr)
    return 1


def _train(job: Job) -> int:
    job.write_progress(Progress(state="training", message="Loading TensorFlow"))
    signal.signal(signal.SIGTERM, _on_sigterm)
    lower_priority()
    try:
        _fill(job)
    except BaseException as error:  # noqa: BLE001 the last place where a bug can still be reported to a person
        _errors.append(error)
        progress = job.progress()
        if progress is None or progress.state != "publishing":
            return _end_without_run(job, error)
        traceback.print_exc()  # the run is complete
    return _publish(job)


def _fill(job: Job) -> None:
    """Train until the working folder is a complete run."""
    train = _import_training()
    config = job.config()
    if config is None:
        raise TrainingFailed(f"{job.folder / 'request.json'} has no usable settings. Start the training anew.")

    def report(progress: Progress) -> None:
        if progress.state == "publishing":  # the rest takes seconds; it is not worth losing the training for
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        job.write_progress(progress)

    with storage_errors(job.folder):
        train(config, job.folder, command=job.request().command, report=report, cancelled=lambda: job.request().cancel)


def _import_training():
    try:
        import keras  # takes seconds

        from digit_core.training.fit import train
    except MemoryError:
        raise
    except Exception as error:  # an interrupted installation fails in many ways
        traceback.print_exc()
        raise TrainingFailed(
            f"TensorFlow or another library for training could not be imported ({error}). "
            "The installation is incomplete: run the start command again (python3 scripts/start.py)."
        ) from error
    keras.config.disable_traceback_filtering()  # it would free what the traceback refers to
    return train


def _publish(job: Job) -> int:
    try:
        outcome = publish(job)
    except (DigitError, OSError) as error:
        print(f"{error}\nThe run is complete and kept in {job.folder}. It is published later.", file=sys.stderr)
        return 1
    print(outcome.message)
    return 0 if outcome.state == "finished" else 1


def _end_without_run(job: Job, error: BaseException) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        if isinstance(error, Cancelled) or job.request().cancel:
            mark_cancelled(job)
            return 0
        if isinstance(error, DigitError):
            reason = str(error)
        elif isinstance(error, MemoryError):
            reason = "There was not enough memory. Try a smaller batch size."
        elif isinstance(error, SystemExit | KeyboardInterrupt):
            reason = "The system asked the trainer to stop. Nothing else was changed."
        else:
            traceback.print_exception(error)
            reason = f"An unexpected error: {error!r}. {job.folder / 'train.log'} has the details."
        print(reason, file=sys.stderr)
        mark_failed(job, reason)
    except StorageError:
        print("and that could not be written either", file=sys.stderr)
    return 1


def _on_sigterm(_signal, _frame) -> None:
    raise SystemExit(errno.EINTR)
