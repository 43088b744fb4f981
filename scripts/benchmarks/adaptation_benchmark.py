"""What `scripts/benchmark.py adaptation` measures: what a run learns from 30 labelled drawings of one person.

A simulated writer rotates every digit by the same angle: MNIST's test images, in a random order. Of those that
the shipped run predicts wrongly 30 are corrected; then 100 other ones are predicted. A vandal labels 30 % of such
drawings wrongly on purpose. With `--drawn FILE`, a stroke set as of `../shared/drawn`, also each writer in it who
has 60 digits.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import rotate

from digit_core import NoInk, Recognizer
from digit_core.datasets.loading import load_dataset
from digit_core.drawings.labelled import LabelledImages
from digit_core.jobs import trainings
from digit_core.jobs.adapt import start_with
from digit_core.jobs.recovery import progress_of
from digit_core.jobs.training_job import Job
from digit_core.preprocessing.normalize import to_float
from digit_core.preprocessing.stroke_width import normalize_picture
from digit_core.preprocessing.strokes import draw_strokes
from digit_core.runs.active_run import activate, read_active
from digit_core.runs.run import SHIPPED, Run, open_run
from digit_core.runs.schemas import ACTIVE
from scripts.stroke_sets import load_digits

_DRAWN, _CORRECTED, _OTHERS = 800, 30, 100
_SAMPLES = 3  # corrected drawings of each digit, of a real writer
_LEAST_DIGITS = 60  # of a real writer
_VANDALISED = 0.3
_ANGLES = (45, -45)  # degrees


def measure_adaptation(drawn: Path | None = None) -> dict:
    """Errors before and after, what MNIST lost, seconds, and what the guard said."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update({"DIGITS_HOME": f"{folder}/home", "TMPDIR": folder})
        tempfile.tempdir = folder
        base = open_run(SHIPPED)
        sets = _stroke_set(drawn) if drawn else None
        figures = {}
        for angle in _ANGLES:
            figures[f"rotated by {angle}"] = _simulated(base, angle, sets)
        if sets:
            figures["writers"] = _writers(base, *sets)
    return figures


def _simulated(base: Run, angle: float, sets) -> dict:
    images, labels = _rotated_images(angle)
    wrong = np.flatnonzero(~_right(base, images, labels))[:_CORRECTED]
    others = np.arange(wrong.max() + 1, len(images))[:_OTHERS]
    rng = np.random.default_rng(0)
    vandalised = labels[wrong].copy()
    places = rng.choice(len(wrong), int(_VANDALISED * len(wrong)), replace=False)
    vandalised[places] = (vandalised[places] + rng.integers(1, 10, len(places))) % 10
    honest = _adapted(base, images[wrong], labels[wrong])
    figures = honest | _before_and_after(base, open_run(honest["run"]), images[others], labels[others])
    if sets:
        figures["development_drawings_points"] = round(
            100 * float(_right(open_run(honest["run"]), *sets[:2]).mean() - _right(base, *sets[:2]).mean()), 2
        )
    vandal = _adapted(base, images[wrong], vandalised)
    return figures | {"vandal": {name: vandal[name] for name in ("activated", "outcome")}}


def _rotated_images(angle: float) -> tuple[np.ndarray, np.ndarray]:
    data = load_dataset("mnist")
    picked = np.random.default_rng(0).permutation(len(data.x_test))[:_DRAWN]
    rotated = rotate(to_float(data.x_test[picked]), angle, axes=(1, 2), reshape=False, order=1)
    images = [np.floor(normalize_picture(image) * 255 + 0.5).astype(np.uint8) for image in rotated.clip(0, 1)]
    return np.array(images), data.y_test[picked]


def _adapted(base: Run, images: np.ndarray, labels: np.ndarray) -> dict:
    """Learn from labelled drawings as the app does."""
    activate(SHIPPED)
    began = time.perf_counter()
    job = start_with(LabelledImages(images, labels.astype(np.int64), ("",) * len(labels)), base)
    progress = _wait(job)
    run = open_run(job.name)
    return {
        "run": run.name,
        "seconds": round(time.perf_counter() - began, 1),
        "mnist_points": round(100 * (run.metrics.accuracy - base.metrics.accuracy), 2),
        "activated": read_active().run == run.name,
        "outcome": progress.message,
    }


def _wait(job: Job):
    while (progress := progress_of(job)) and progress.state in ACTIVE:
        time.sleep(0.1)
    if progress is None or progress.state != "finished":
        raise SystemExit(f"The training ended without a run: {progress and progress.message}")
    while trainings.current() is not None:
        time.sleep(0.1)
    return progress


def _writers(base: Run, images: np.ndarray, labels: np.ndarray, writers: np.ndarray) -> dict:
    """A few samples a digit of each real writer are corrected, and the rest predicted."""
    rows = []
    for writer in np.unique(writers):
        own = np.flatnonzero(writers == writer)
        if len(own) < _LEAST_DIGITS:
            continue
        rng = np.random.default_rng(0)
        own = rng.permutation(own)
        learned = np.concatenate([own[labels[own] == digit][:_SAMPLES] for digit in range(10)])
        rest = np.setdiff1d(own, learned)
        result = _adapted(base, images[learned], labels[learned])
        rows.append(
            {"writer": str(writer)}
            | _before_and_after(base, open_run(result["run"]), images[rest], labels[rest])
            | {name: result[name] for name in ("seconds", "mnist_points", "activated")}
        )
        print(rows[-1], flush=True)
    means = {name: round(float(np.mean([row[name] for row in rows])), 2) for name in ("errors_before", "errors_after")}
    return {"mean_percent": means, "rows": rows}


def _before_and_after(base: Run, adapted: Run, images: np.ndarray, labels: np.ndarray) -> dict:
    before, after = (~_right(run, images, labels) for run in (base, adapted))
    return {
        "others": len(labels),
        "errors_before": round(100 * float(before.mean()), 2),
        "errors_after": round(100 * float(after.mean()), 2),
    }


def _right(run: Run, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Whether the predicted digit is the label, bool (n,)."""
    predictions = Recognizer(run).predict_normalized_all(to_float(images))
    return np.array([each.digit for each in predictions]) == labels


def _stroke_set(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Model inputs, labels and writers of the digits in a stroke set."""
    found = [(_image(digit.strokes), digit.label, digit.writer) for digit in load_digits(path)]
    images, labels, writers = zip(*[each for each in found if each[0] is not None], strict=True)
    return np.array(images), np.array(labels), np.array(writers)


def _image(strokes: Sequence[np.ndarray]) -> np.ndarray | None:
    """A model input, uint8 (28, 28); None for a drawing without ink."""
    try:
        return np.floor(draw_strokes(strokes) * 255 + 0.5).astype(np.uint8)
    except NoInk:
        return None
