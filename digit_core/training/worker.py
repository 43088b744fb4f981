"""The trainer process: takes the machine's lock, trains one job, leaves a run or the reason why not."""

import errno
import faulthandler
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from digit_core.errors import DigitError, StorageError, TrainingFailed
from digit_core.jobs import trainings
from digit_core.jobs.machine_lock import machine_lock, write_owner
from digit_core.jobs.process_limits import (
    HOURS_VARIABLE,
    MEMORY_VARIABLE,
    Exceeded,
    LimitWatch,
    ProcessLimits,
    training_limits,
)
from digit_core.jobs.processes import lower_priority
from digit_core.jobs.recovery import mark_cancelled, mark_failed, publish
from digit_core.jobs.task_runner import exit_at_once
from digit_core.jobs.training_job import Cancelled, Job
from digit_core.runs.active_run import read_active
from digit_core.runs.checkpoints import checkpoint_epoch
from digit_core.runs.run import open_run
from digit_core.runs.schemas import Progress
from digit_core.storage.files import storage_errors
from digit_core.storage.machine import this_machine
from digit_core.telemetry.events import log_event
from digit_core.training.whole_job import WholeJob

_ENDING_SECONDS = 3  # between a cancel and the end of the process
_PATIENCE = 3  # seconds; a process that only looks at the lock releases it at once
# The error that ended the training; its traceback refers to everything that `fit` used. Freeing TensorFlow's
# prefetch iterator in the middle of an epoch can hang, so it is left to the end of the process.
_errors: list[BaseException] = []
_writing = threading.RLock()  # held while the progress is written, and for good when the training is ended


def work(folder: Path) -> int:
    """Train the job in `folder` and return the process's exit code."""
    job = Job(folder)
    lock = claim(job)
    return work_claimed(job, lock) if lock else 1


def claim(job: Job) -> FileLock | None:
    """Take the machine's lock for a job and say so in its progress; None, with the reason on stderr, if that fails."""
    lock = machine_lock()
    try:
        lock.acquire(timeout=_PATIENCE)
        write_owner(job.folder)
        last = job.progress()
        _write(job, Progress(state="training", message="Loading TensorFlow", done=0.0, started=last and last.started))
        return lock
    except Timeout:
        print("Another training is running on this machine.", file=sys.stderr)
    except DigitError as error:
        lock.release()
        print(error, file=sys.stderr)
    return None


def work_claimed(job: Job, lock: FileLock, *, warm: bool = False) -> int:
    """Train a job for which `claim` holds the lock; `warm`: TensorFlow was imported before it was requested."""
    try:
        code = _train(job, warm=warm)
    except DigitError as error:
        print(error, file=sys.stderr)
        code = 1
    finally:
        lock.release()
    if not (_errors and isinstance(_errors[-1], SystemExit)):  # else the machine may be shutting down
        trainings.start_next()
    if code == 0 and (progress := job.progress()) and progress.state == "finished":
        _draw_figures(job)
    return code


def _train(job: Job, *, warm: bool = False) -> int:
    signal.signal(signal.SIGTERM, _on_sigterm)
    lower_priority()
    try:
        with _watched(job):
            _fill(job, warm)
    except BaseException as error:  # noqa: BLE001 the last place where a bug can still be reported to a person
        _errors.append(error)
        progress = job.progress()
        if progress is None or progress.state != "publishing":
            return _end_without_run(job, error)
        traceback.print_exc()  # the run is complete
    return _publish(job)


def _fill(job: Job, warm: bool) -> None:
    """Train until the working folder is a complete run."""
    config = job.config()
    if config is None:
        raise TrainingFailed(f"{job.folder / 'request.json'} has no usable settings. Start the training anew.")
    whole = WholeJob(job.progress(), config, warm=warm)

    def report(progress: Progress) -> None:
        whole_progress = whole.progress(progress)
        if progress.state == "publishing":  # the rest takes a second; it is not worth losing the training for
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            whole_progress = whole_progress.model_copy(update={"active": read_active().run})
        _write(job, whole_progress)

    report(Progress(state="training", message="Loading TensorFlow", epochs=config.epochs))
    train = import_training()

    def cancelled() -> bool:
        is_cancelled = job.request().cancel
        if is_cancelled:
            _end_for_certain()
        return is_cancelled

    with storage_errors(job.folder):
        train(config, job.folder, command=job.request().command, report=report, cancelled=cancelled)


def _write(job: Job, progress: Progress) -> None:
    with _writing:
        job.write_progress(progress.model_copy(update={"process": os.getpid(), "machine": this_machine()}))


@contextmanager
def _watched(job: Job) -> Iterator[None]:
    """Have the training ended when it exceeds a limit. Raises InvalidConfig."""
    limits = training_limits()
    watch = LimitWatch(limits, lambda exceeded: _end_at_limit(job, limits, exceeded))
    watch.start()
    try:
        yield
    finally:
        watch.stop()


def _end_at_limit(job: Job, limits: ProcessLimits, exceeded: Exceeded) -> None:
    """End this process, unless the run is complete or the training has ended in the meantime."""
    _writing.acquire()  # for good: from here on nothing else is written
    progress = job.progress()
    if progress is None or progress.state not in ("training", "evaluating"):
        _writing.release()
        return
    if exceeded == "memory":
        reason = (
            f"The training needed more than {limits.megabytes:,.0f} MB of memory, which is the limit "
            f"({MEMORY_VARIABLE}). Try a smaller batch size."
        )
    else:
        hours = limits.seconds / 3600
        reason = f"The training took longer than {hours:g} hours, which is the limit ({HOURS_VARIABLE})."
        if checkpoint_epoch(job.folder):
            reason += " It can be resumed after its last complete epoch."
    log_event("training_stopped", run=job.name, reason=exceeded)
    print(reason, file=sys.stderr)
    with suppress(StorageError):  # the folder then says that the trainer was killed
        mark_failed(job, reason)
    exit_at_once(1)


def import_training() -> Callable:
    """The function that trains; importing it takes seconds. Raises TrainingFailed."""
    try:
        from digit_core.training.fit import train
    except MemoryError:
        raise
    except Exception as error:  # an interrupted installation fails in many ways
        traceback.print_exc()
        raise TrainingFailed(
            f"TensorFlow or another library for training could not be imported ({error}). "
            "The installation is incomplete: run the start command again (python3 scripts/start.py)."
        ) from error
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
    _end_for_certain()
    _writing.acquire()  # for good, as the process ends
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


def _draw_figures(job: Job) -> None:
    """Draw the figures of a published run: seconds for which nobody should wait, and no loss if this is killed."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    from digit_core.training.figures import draw_run_figures

    try:
        draw_run_figures(open_run(job.name))
    except DigitError as error:
        print(f"The figures could not be drawn: {error}", file=sys.stderr)


def _end_for_certain() -> None:
    """End this process within seconds, whatever else happens.

    The end of a training frees what TensorFlow's threads still use, which can hang, even while holding the
    interpreter's lock. The timer is a thread that needs no lock.
    """
    faulthandler.dump_traceback_later(_ENDING_SECONDS, exit=True)


def _on_sigterm(_signal, _frame) -> None:
    _end_for_certain()
    raise SystemExit(errno.EINTR)
