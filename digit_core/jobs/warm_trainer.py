"""A trainer process that has TensorFlow imported and waits for a training.

`keep_warm` starts it, `hand_over` gives it a job, and `digit_core.training.warm_start` is what it runs.
They communicate through files in `paths.warm_trainer_folder()`:

    wanted        touched by `keep_warm`; the trainer ends five minutes after the last touch
    ready.json    the waiting trainer's process, checkout, data and code
    job.json      a job for it; whichever process removes the file first has decided: trainer or `hand_over`
    log           its output until it has a job

The waiting trainer holds a lock of its own, one on a machine, and not that of the training. It ends
with the app that started it, and one training is all that it does.
"""

import contextlib
import threading
import time
from pathlib import Path

from pydantic import BaseModel, ValidationError

from digit_core.access.actors import Action, is_permitted
from digit_core.errors import StorageError
from digit_core.jobs.processes import is_alive, room_command, start_process
from digit_core.storage import paths
from digit_core.storage.files import make_folder, write_text
from digit_core.storage.locks import is_held

UNUSED_SECONDS = 300  # after which the waiting trainer ends
_LEAST_BYTES = 2_000_000_000  # of available memory; a training needs some of it besides
_BETWEEN_STARTS = 30.0  # seconds; one that crashes is not started at every rerun of a page
_BETWEEN_TOUCHES = 5.0
_TAKEN_WITHIN = 3.0  # seconds; while it imports TensorFlow it may be busy for a second
_PAUSE = 0.02
_once = threading.Lock()
_last = {"start": -_BETWEEN_STARTS, "touch": -_BETWEEN_TOUCHES}


class Ready(BaseModel):
    """A waiting trainer, and what a job must agree with: checkout, its latest change, and where MNIST is."""

    process: int
    project: str
    changed: int
    mnist: str


class HandedOver(BaseModel):
    """A job for the waiting trainer: its working folder."""

    folder: Path


def keep_warm() -> None:
    """Have a trainer ready for the next training, for the next five minutes; raises nothing.

    Returns at once, and does something every few seconds at most: call it whenever the training form is
    shown. There is one such trainer on a machine, and none beside a training or when memory is short. It
    takes about 4 s of processor time to start, at low priority, and 650 MB of memory while it waits. So it
    is there only for a person who may train.
    """
    if not is_permitted(Action.TRAIN):
        return
    with _once:
        now = time.monotonic()
        if now - _last["touch"] < _BETWEEN_TOUCHES:
            return
        _last["touch"] = now
        with contextlib.suppress(OSError, StorageError):  # a training then starts cold
            folder = make_folder(paths.warm_trainer_folder())
            (folder / "wanted").touch()
            if now - _last["start"] < _BETWEEN_STARTS or is_held(paths.warm_trainer_lock()):
                return
            if is_held(paths.machine_lock()) or _available_bytes() < _LEAST_BYTES:
                return
            _last["start"] = now
            start_process(folder / "log", room_command("training", "wait", str(folder)))


def is_warm() -> bool:
    """Whether a trainer is waiting that would take a job of this process."""
    return waiting_process() is not None


def hand_over(job: Path) -> int | None:
    """Give the job in a working folder to the waiting trainer; returns its process, None if none has taken it."""
    process = waiting_process()
    if process is None:
        return None
    offer = paths.warm_trainer_folder() / "job.json"
    try:
        write_text(offer, HandedOver(folder=job).model_dump_json())
    except StorageError:
        return None
    deadline = time.monotonic() + _TAKEN_WITHIN
    while offer.exists() and is_alive(process) and time.monotonic() < deadline:
        time.sleep(_PAUSE)  # a bounded wait for another process
    try:
        offer.unlink()  # withdrawn: from now on it cannot be taken
    except FileNotFoundError:
        return process
    except OSError:
        return None
    return None


def waiting_process() -> int | None:
    """The process of the trainer that waits for jobs of this home, checkout and data; None if there is none."""
    try:
        ready = Ready.model_validate_json((paths.warm_trainer_folder() / "ready.json").read_bytes())
    except (OSError, ValidationError):
        return None
    fits = ready == identity(ready.process) and is_held(paths.warm_trainer_lock()) and is_alive(ready.process)
    return ready.process if fits else None


def identity(process: int) -> Ready:
    """What the trainer with that process number would be, started now by this process."""
    sources = (paths.PROJECT / "digit_core").rglob("*.py")
    changed = max((path.stat().st_mtime_ns for path in sources), default=0)
    mnist = str(paths.mnist_override() or "")
    return Ready(process=process, project=str(paths.PROJECT), changed=changed, mnist=mnist)


def _available_bytes() -> float:
    """The memory that new processes can have; infinite where the platform does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError, IndexError):
        return float("inf")
