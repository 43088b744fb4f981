"""Measure how well a run reads changed test images, with LiteRT."""

import sys
import time
from collections.abc import Callable

import numpy as np

from digit_core.errors import DamagedRun, DigitError, StorageError
from digit_core.reading.classifier import Classifier
from digit_core.reading.datasets import load_dataset
from digit_core.reading.distortions import DISTORTIONS
from digit_core.reading.probability import DIGITS
from digit_core.records.datasets import stratified_split
from digit_core.records.making import Making
from digit_core.records.robustness import (
    Point,
    Robustness,
    forget_measuring,
    keep_robustness,
    kept_robustness,
    measuring_lock,
    robustness_path,
    source_of,
    write_measuring,
)
from digit_core.records.runs import Run

IMAGES = 2000  # of the test set, as many of each digit as its share; fewer if there are fewer
Say = Callable[[str, float | None], None]


def measure_in_this_process(run: Run) -> Robustness:
    """As `measure`, saying beside the measurement's place how it goes. Raises DigitError."""
    try:
        with measuring_lock(run):
            measured = measure(
                run,
                lambda message, part: write_measuring(run, Making(state="making", message=message, fraction=part)),
            )
            forget_measuring(run)
            return measured
    except DigitError as error:
        _write_failure(run, str(error))
        raise
    except Exception as error:
        _write_failure(
            run, f"An unexpected error: {error!r}. The log in {robustness_path(run).parent} has the details."
        )
        raise


def measure(run: Run, say: Say = lambda message, part: None) -> Robustness:
    """The run's measurement, made and kept now or kept from before.

    `say` is told what is being done and how much of it is done (0 to 1, None if unknown).
    Raises DamagedRun, DataUnavailable, DataDamaged or StorageError.
    """
    if kept := kept_robustness(run):
        return kept
    started = time.perf_counter()
    say("Reading the test images", None)
    run.check()
    source = source_of(run)
    data = load_dataset(run.config.data, lambda part: say("Fetching the data", part))
    if not np.array_equal(run.predictions().labels, data.y_test):
        raise DamagedRun(f"The predictions of {run.name} are not about the test images on this machine.")
    chosen = sample(data.y_test)
    images, labels = data.x_test[chosen].astype(np.float32) / 255, data.y_test[chosen]
    curves = measured_curves(Classifier(run.model_bytes()), images, labels, say)
    seconds = round(time.perf_counter() - started, 1)
    result = Robustness(run=run.name, source=source, images=len(labels), seconds=seconds, curves=curves)
    keep_robustness(run, result)
    return result


def sample(labels: np.ndarray, count: int = IMAGES) -> np.ndarray:
    """Sorted indices of about `count` test images, the same share of each digit, always the same ones."""
    if len(labels) <= count:
        return np.arange(len(labels))
    return stratified_split(labels, count / len(labels), seed=0)[1]


def measured_curves(
    classifier: Classifier, images: np.ndarray, labels: np.ndarray, say: Say = lambda message, part: None
) -> dict[str, list[Point]]:
    """How many of float32 images (n, 28, 28), 0 to 1, are read rightly at each strength of each distortion."""
    steps = sum(len(kind.strengths) for kind in DISTORTIONS.values())
    curves: dict[str, list[Point]] = {}
    done, unchanged = 0, None
    for kind in DISTORTIONS.values():
        points = curves[kind.name] = []
        for strength in kind.strengths:
            say(f"{kind.title}, {strength:g}".replace("-", "−"), done / steps)
            if strength != kind.neutral:
                right = _count_right(classifier, kind.apply(images, strength), labels)
            else:  # the same images every time
                unchanged = _count_right(classifier, images, labels) if unchanged is None else unchanged
                right = unchanged
            points.append(Point(strength=strength, right=right))
            done += 1
    return curves


def _count_right(classifier: Classifier, images: np.ndarray, labels: np.ndarray) -> int:
    return int((classifier.logits_in_batches(images)[:, :DIGITS].argmax(1) == labels).sum())


def _write_failure(run: Run, reason: str) -> None:
    try:
        write_measuring(run, Making(state="failed", message=reason))
    except StorageError:
        print("and that could not be written either", file=sys.stderr)
