"""A training, and drawings that are stored, on a disk that is full after so many pages."""

import contextlib
import os
import shutil
import sys
import time
import traceback
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from digit_core.drawings import store
from digit_core.drawings.labelled import Drawing, Label
from digit_core.errors import DatabaseUnavailable, DigitError
from digit_core.inference.prediction import Prediction
from digit_core.jobs import recovery, trainings
from digit_core.jobs.training_job import Job, Request
from digit_core.runs.active_run import active_run
from digit_core.runs.config import training_config
from digit_core.runs.run import list_runs, open_run
from digit_core.runs.schemas import Progress
from digit_core.storage import database, paths
from tests.disk.small_disk import filled
from tests.kills.checks import temporary_files

_DRAWINGS = 12
_CONFIG = training_config("tiny", data="digits", epochs=3)
_FULL = "disk is full"


def _new_home(disk: Path) -> None:
    os.environ["DIGITS_HOME"] = str(disk / f"home-{uuid.uuid4().hex[:8]}")


def _drawing(seed: int) -> Drawing:
    probabilities = np.full(10, 0.01, np.float32)
    probabilities[4] = 0.91
    image = np.random.default_rng(seed).integers(0, 256, (28, 28)).astype(np.float32) / 255
    return Drawing(
        "anna", source="canvas", run="shipped", prediction=Prediction(4, probabilities, 0.91, 0.99, True, image)
    )


def store_drawings(disk: Path, pages: int) -> tuple[int, list[str]]:
    """Store drawings one by one until they do not fit, free the disk, store another. Returns how many and problems."""
    _new_home(disk)
    paths.home().mkdir()
    confirmed, wrong = [], []
    with filled(disk, pages):
        for number in range(_DRAWINGS):
            drawing = _drawing(number)
            try:
                store.add([drawing], [Label(drawing.id, "anna", 4)])
                confirmed.append(drawing.id)
            except DigitError as error:
                if _FULL not in str(error).lower():
                    wrong.append(f"no reason: {error}")
                break
            except Exception:  # noqa: BLE001 a bug is one of the problems
                wrong.append(traceback.format_exc())
                break
        database.close()
    stored = len(confirmed)
    try:
        last = _drawing(_DRAWINGS)
        store.add([last], [Label(last.id, "anna", 4)])
        missing = {*confirmed, last.id} - {each.id for each in store.drawings_of("anna")}
        if missing:
            wrong.append(f"{len(missing)} confirmed drawings are lost")
    except DatabaseUnavailable as error:
        wrong.append(f"after the disk was freed: {error}")
    database.close()
    shutil.rmtree(paths.home())
    return stored, wrong


@contextlib.contextmanager
def trainer_in_this_process() -> Iterator[None]:
    """Let `train` call the trainer's code again and again in a process that has TensorFlow imported."""
    from digit_core.training import worker

    kept = worker._end_for_certain, worker.lower_priority
    worker._end_for_certain = worker.lower_priority = lambda: None
    try:
        yield
    finally:
        worker._end_for_certain, worker.lower_priority = kept


def train(disk: Path, pages: int) -> tuple[str, list[str]]:
    """Train on a disk with so many free pages, then free it. Returns the state and the problems."""
    from digit_core.training import worker

    _new_home(disk)
    now = time.time()
    job = Job(paths.working_folder() / "20260101-120000-tiny-no1")
    job.folder.mkdir(parents=True)
    job.write_request(Request(config=_CONFIG.model_dump(), command="a test"))
    job.reserve_space()
    job.write_progress(Progress(epochs=_CONFIG.epochs, started=now, updated=now))
    with filled(disk, pages), contextlib.redirect_stdout(sys.stderr):
        worker._train(job)
        progress = job.progress()
        wrong = list(_problems())
    state = progress.state
    if state == "failed" and _FULL not in progress.message:
        wrong.append(f"no reason: {progress.message}")
    elif state not in ("failed", "publishing", "finished"):
        wrong.append(f"ended as {state}: {trainings.progress_of(job).message}")
    recovery.recover()
    wrong += _problems()
    if left := list(temporary_files()):
        wrong.append(f"temporary files: {[path for path in left if not path.startswith('TMPDIR')]}")
    if state in ("publishing", "finished"):
        open_run(job.name).predictions()
    shutil.rmtree(paths.home())
    return state, [problem for problem in wrong if problem != "temporary files: []"]


def _problems() -> Iterator[str]:
    if damaged := list_runs().damaged:
        yield f"damaged: {damaged}"
    active_run().model_bytes()
