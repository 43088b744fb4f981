"""A data set ready for a training: batches to learn from, and images held out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from digit_core.datasets.loading import load_dataset
from digit_core.datasets.splits import stratified_split
from digit_core.drawings.training_set import TrainingSet
from digit_core.inference.litert import Classifier
from digit_core.runs.config import TrainingConfig
from digit_core.runs.run import open_run
from digit_core.training.batches import NO_DRAWINGS, MixedBatches
from digit_core.training.distillation import MeanTeacher


@dataclass(frozen=True)
class TrainingData:
    """A data set ready for training: images uint8 (n, 28, 28), labels int64 (n,)."""

    batches: MixedBatches
    x_validate: np.ndarray
    y_validate: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    training_images: int
    digest: str
    drawings: TrainingSet | None = None


def prepare_data(
    config: TrainingConfig,
    report: Callable[[str], None] = lambda message: None,
    drawings: TrainingSet | None = None,
    teacher: MeanTeacher | None = None,
) -> TrainingData:
    """The configuration's data, with a stratified part of the training images held out for validation.

    `report` is called with a message before each slow step; `drawings` are to be learned from, and `teacher`
    stands in for the labels.
    Raises DataUnavailable, DataDamaged or StorageError.
    """
    report("Preparing the data")
    data = load_dataset(config.data, lambda fraction: report(f"Downloading the data: {fraction:.0%}"))
    fitting, validating = stratified_split(data.y_train, config.validation_fraction, config.seed)
    if config.synthetic_digits or config.non_digits:
        report("Generating synthetic digits (only the first time)")
    return TrainingData(
        MixedBatches(
            data.x_train[fitting],
            data.y_train[fitting],
            config,
            drawings=drawings.learned() if drawings else NO_DRAWINGS,
            teacher=Classifier(open_run(config.base_run).model_bytes()) if drawings else teacher,
        ),
        data.x_train[validating],
        data.y_train[validating],
        data.x_test,
        data.y_test,
        len(fitting),
        data.digest,
        drawings,
    )
