"""The test images: used once, when a training is over, and for no choice."""

import os
from pathlib import Path

import numpy as np

from digit_core.evaluation.report import evaluate
from digit_core.inference.litert import Classifier
from digit_core.inference.probabilities import digit_probabilities
from digit_core.preprocessing.normalize import to_float
from digit_core.runs.run import Run
from digit_core.runs.schemas import Metrics, TrainedNetwork


def evaluate_on_test_images(folder: Path, trained: TrainedNetwork, images: np.ndarray, labels: np.ndarray) -> Metrics:
    """Write `predictions.npz` and `metrics.json` of the network in a working folder.

    Test images uint8 (n, 28, 28) and labels (n,). Raises DamagedRun.
    """
    classifier = Classifier((folder / "model.tflite").read_bytes(), threads=os.cpu_count() or 1)
    probabilities = probabilities_of(classifier, images)
    np.savez_compressed(folder / "predictions.npz", probabilities=probabilities, labels=labels.astype(np.uint8))
    history = Run(folder).history()
    metrics = evaluate(
        probabilities,
        labels,
        training_images=trained.training_images,
        validation_images=trained.validation_images,
        epochs=len(history),
        training_seconds=history[-1]["seconds"],
        parameters=trained.parameters,
    )
    (folder / "metrics.json").write_text(metrics.model_dump_json(indent=1))
    return metrics


def probabilities_of(classifier: Classifier, images: np.ndarray) -> np.ndarray:
    """float32 (n, 10) for test images uint8 (n, 28, 28), at temperature 1.

    The fitted temperature is for drawings, which are harder than a data set's own test images.
    """
    return digit_probabilities(classifier.logits_in_batches(to_float(images)), 1.0)
