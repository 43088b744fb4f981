"""The records in a run folder, typed: progress, metrics, calibration."""

import time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

State = Literal["waiting", "training", "evaluating", "finished", "cancelled", "failed"]
ACTIVE: frozenset[str] = frozenset({"waiting", "training", "evaluating"})


class _Record(BaseModel):
    # Fields that a later version adds are ignored. (A training's settings must all be known: config.py.)
    model_config = ConfigDict(frozen=True, extra="ignore")


class Progress(_Record):
    """Where a training stands. Times are Unix seconds; `loss` and `accuracy` are running means.

    `curve` is the loss by step, counted over all epochs: means over the steps since the last point.
    """

    state: State = "waiting"
    message: str = ""
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    loss: float | None = None
    accuracy: float | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    seconds_left: float | None = None
    curve: list[tuple[int, float]] = []
    started: float = Field(default_factory=time.time)
    updated: float = Field(default_factory=time.time)

    @property
    def fraction(self) -> float:
        """The share of the training done, 0 to 1."""
        total = self.epochs * self.steps
        done = max(self.epoch - 1, 0) * self.steps + self.step
        return min(done / total, 1.0) if total else 0.0


class ClassMetrics(_Record):
    """One row of the classification report; `support` is the number of test images."""

    digit: int
    precision: float
    recall: float
    f1: float
    support: int


class Metrics(_Record):
    """What a run reached on the test set. Precision, recall and F1 are macro averages.

    `accuracy_interval` is the 95 % Wilson score interval; `confusion[t][p]` counts test images
    of digit t read as p; `calibration_error` is the expected calibration error in 15 equal bins
    (Guo et al. 2017); probabilities are the network's own, at temperature 1. `training_seconds` counts fitting alone.
    """

    accuracy: float
    accuracy_interval: tuple[float, float]
    loss: float
    precision: float
    recall: float
    f1: float
    calibration_error: float
    per_class: list[ClassMetrics]
    confusion: list[list[int]]
    test_images: int
    training_images: int = 0
    validation_images: int = 0
    epochs: int = 0
    training_seconds: float = 0.0
    parameters: int = 0


class Calibration(_Record):
    """How logits become honest numbers; fitted on validation data.

    `temperature` divides the logits (Guo et al. 2017); `likeness_threshold` is the least
    `digit_likeness` (0 to 1) at which something counts as a digit. The errors are expected
    calibration errors on the validation data, at temperature 1 and at the fitted one.
    """

    temperature: float = Field(gt=0)
    likeness_threshold: float = Field(ge=0, le=1)
    error_before: float = 0.0
    error_after: float = 0.0


class Environment(_Record):
    """What else can change a result: versions and data, and the command that started it.

    `computed_in` is the precision that `auto` came to; None in runs from before it was noted.
    """

    versions: dict[str, str]
    data_digest: str
    command: str
    created: float
    computed_in: Literal["float32", "bfloat16"] | None = None
