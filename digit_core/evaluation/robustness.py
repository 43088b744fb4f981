"""Measure how accurate a run is on distorted test images, with LiteRT."""

import os
import time

import numpy as np

from digit_core.datasets.loading import load_dataset
from digit_core.datasets.splits import stratified_split
from digit_core.evaluation.distortions import DISTORTIONS
from digit_core.inference.litert import Classifier
from digit_core.inference.probabilities import N_DIGITS
from digit_core.jobs.task_runner import Report, no_report
from digit_core.jobs.tasks import Point, Robustness, load_robustness, robustness_source, save_robustness
from digit_core.preprocessing.normalize import to_float
from digit_core.runs.run import Run

IMAGES = 2000  # of the test set, stratified; all of them if there are fewer


def measure(run: Run, report: Report = no_report) -> Robustness:
    """The run's measurement: the saved one, or a new one that is then saved.

    Raises DamagedRun, DataUnavailable, DataDamaged or StorageError.
    """
    if saved := load_robustness(run):
        return saved
    started = time.perf_counter()
    report("Loading the test images")
    run.check()
    source = robustness_source(run)
    data = load_dataset(run.config.data, lambda fraction: report("Downloading the data", fraction))
    data.require_labels(run.predictions().labels, run.name)
    chosen = sample(data.y_test)
    images, labels = to_float(data.x_test[chosen]), data.y_test[chosen]
    classifier = Classifier(run.model_bytes(), threads=os.cpu_count() or 1)
    curves = measured_curves(classifier, images, labels, report)
    seconds = round(time.perf_counter() - started, 1)
    result = Robustness(run=run.name, source=source, images=len(labels), seconds=seconds, curves=curves)
    save_robustness(run, result)
    return result


def sample(labels: np.ndarray, count: int = IMAGES) -> np.ndarray:
    """Sorted indices of a fixed, stratified sample of about `count` test images."""
    if len(labels) <= count:
        return np.arange(len(labels))
    return stratified_split(labels, count / len(labels), seed=0)[1]


def measured_curves(
    classifier: Classifier, images: np.ndarray, labels: np.ndarray, report: Report = no_report
) -> dict[str, list[Point]]:
    """How many of float32 images (n, 28, 28), 0 to 1, are predicted correctly at each strength of each distortion."""
    steps = [(kind, strength) for kind in DISTORTIONS.values() for strength in kind.strengths]
    curves: dict[str, list[Point]] = {name: [] for name in DISTORTIONS}
    unchanged = _count_right(classifier, images, labels)
    for done, (kind, strength) in enumerate(steps):
        report(f"{kind.title}, {strength:g}".replace("-", "−"), done / len(steps))
        is_neutral = strength == kind.neutral
        right = unchanged if is_neutral else _count_right(classifier, kind.apply(images, strength), labels)
        curves[kind.name].append(Point(strength=strength, right=right))
    return curves


def _count_right(classifier: Classifier, images: np.ndarray, labels: np.ndarray) -> int:
    return int((classifier.logits_in_batches(images)[:, :N_DIGITS].argmax(1) == labels).sum())
