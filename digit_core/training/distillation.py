"""The teachers of a training that distils an ensemble into one network.

Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network" (2015, arXiv 1503.02531), at
temperature 1: the mean of the teachers' probabilities is softer than any of them.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from digit_core.errors import DamagedRun
from digit_core.inference.litert import Classifier
from digit_core.inference.probabilities import softmax
from digit_core.jobs.training_job import TEACHERS
from digit_core.runs.config import TrainingConfig
from digit_core.runs.run import open_run
from digit_core.training.batches import class_count


class MeanTeacher:
    """Several networks as one; its softmax is the mean of theirs."""

    def __init__(self, members: Sequence[Classifier]) -> None:
        self._members = members

    def logits_in_batches(self, images: np.ndarray) -> np.ndarray:
        """The logarithms of the mean probabilities, float64 (n, k), for images float32 (n, 28, 28), 0 to 1."""
        probabilities = [softmax(member.logits_in_batches(images)) for member in self._members]
        return np.log(np.maximum(np.mean(probabilities, axis=0), 1e-30))


def read_teachers(config: TrainingConfig, folder: Path) -> MeanTeacher | None:
    """The configuration's teachers; None if it has none. Raises UnknownRun, or DamagedRun if they do not fit."""
    if not config.teachers:
        return None
    threads = os.cpu_count() or 1
    members = [Classifier(_model(name, folder), threads) for name in config.teachers]
    blank = np.zeros((1, 28, 28), np.float32)
    for name, member in zip(config.teachers, members, strict=True):
        if (count := member.logits(blank).shape[1]) != class_count(config):
            raise DamagedRun(
                f"{name} has {count} classes, and a network with these settings {class_count(config)}: distil runs of "
                "presets that all learn non-digits, or of presets that all do not."
            )
    return MeanTeacher(members)


def _model(name: str, folder: Path) -> bytes:
    path = folder / TEACHERS / f"{name}.tflite"  # there on a machine that does not have the run
    return path.read_bytes() if path.is_file() else open_run(name).model_bytes()
