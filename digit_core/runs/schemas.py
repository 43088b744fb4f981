"""The JSON files of a run folder, typed: progress, metrics, calibration, environment."""

import time
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

State = Literal["queued", "waiting", "training", "evaluating", "publishing", "finished", "cancelled", "failed"]
ACTIVE: frozenset[str] = frozenset({"queued", "waiting", "training", "evaluating", "publishing"})

CLASSES = 10
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Moment = Annotated[float, Field(ge=0, le=1e11)]  # Unix seconds, of a year that a calendar has
_Row = Annotated[list[Count], Field(min_length=CLASSES, max_length=CLASSES)]


class _Record(BaseModel):
    # Fields of a later version are ignored; `TrainingConfig` rejects them.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Timings(_Record):
    """Seconds that a finished training took: before its first epoch, for the epochs, and after them.

    `warm` says whether the trainer had TensorFlow imported when the training was requested.
    """

    before: float = Field(ge=0, le=1e12)
    fit: float = Field(ge=0, le=1e12)
    after: float = Field(ge=0, le=1e12)
    warm: bool = False


class Progress(_Record):
    """The progress of a training; `updated` is in Unix seconds, `loss` and `accuracy` are running means.

    `curve` is the loss by step, counted over all epochs; each point is the mean since the point before it.
    `done` is the share of the whole job, 0 to 1, from the request to the active run (None in files of
    earlier versions), and `seconds_left` includes all of it. `started` is when it was requested, in Unix
    seconds, and `process` the number of the trainer's process on `machine`. `active` is the run that was active
    when this one was complete. `activated` says of a finished training whether its run was made active; `message`
    says why, or why not.
    """

    state: State = "waiting"
    message: str = ""
    epoch: Count = 0
    epochs: Count = 0
    step: Count = 0
    steps: Count = 0
    loss: float | None = None
    accuracy: float | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    seconds_left: float | None = Field(default=None, ge=-1e12, le=1e12)
    done: Share | None = None
    started: Moment | None = None
    process: int | None = Field(default=None, gt=0, lt=2**31)
    machine: str = ""
    active: str | None = None
    activated: bool = False
    timings: Timings | None = None
    curve: list[tuple[Count, Annotated[float, Field(ge=-1e300, le=1e300)]]] = []
    updated: Moment = Field(default_factory=time.time)

    @property
    def fraction(self) -> float:
        """The share of the whole job that is done, 0 to 1; from one progress to the next it never decreases."""
        if self.done is not None:
            return self.done
        total = self.epochs * self.steps
        done = max(self.epoch - 1, 0) * self.steps + self.step
        return min(done / total, 1.0) if total else 0.0


class ClassMetrics(_Record):
    """One row of the classification report; `support` is the number of test images."""

    digit: int = Field(ge=0, lt=CLASSES)
    precision: Share
    recall: Share
    f1: Share
    support: Count


class Metrics(_Record):
    """The results on the test set. Precision, recall and F1 are macro averages.

    `accuracy_interval` is the 95 % Wilson score interval; `confusion[t][p]` counts test images
    of digit t predicted as p; `calibration_error` is the expected calibration error in 15 equal bins
    (Guo et al. 2017) at temperature 1; `training_seconds` is the time for fitting alone.
    """

    accuracy: Share
    accuracy_interval: tuple[Share, Share]
    loss: float = Field(ge=0, allow_inf_nan=False)
    precision: Share
    recall: Share
    f1: Share
    calibration_error: Share
    per_class: list[ClassMetrics]
    confusion: list[_Row] = Field(min_length=CLASSES, max_length=CLASSES)
    test_images: Count
    training_images: Count = 0
    validation_images: Count = 0
    epochs: Count = 0
    training_seconds: float = Field(default=0.0, ge=0, le=1e12)
    parameters: Count = 0

    @field_validator("per_class")
    @classmethod
    def _one_row_per_digit(cls, rows: list[ClassMetrics]) -> list[ClassMetrics]:
        if [row.digit for row in rows] != list(range(CLASSES)):
            raise ValueError("there should be one row per digit, 0 to 9")
        return rows


class Comparison(_Record):
    """How many of some images were right `before` and `after`; `only_before` and `only_after` just one of the two."""

    images: Count
    before: Count
    after: Count
    only_before: Count
    only_after: Count


class Adaptation(_Record):
    """A run that learned from drawings, beside the run that it comes from.

    `test`: the test images; `held_back`: drawings that were kept out of the training; `learned`: those that
    were not. `contradicted`: labels, of all drawings, that a model adapted to the others finds next to impossible.
    """

    base_run: str
    test: Comparison
    held_back: Comparison
    learned: Comparison
    contradicted: Count

    @property
    def drawings(self) -> int:
        """How many drawings there are in all."""
        return self.held_back.images + self.learned.images


class Calibration(_Record):
    """How logits become calibrated probabilities; fitted on validation data.

    `temperature` divides the logits (Guo et al. 2017), `picture_temperature` those of photos and scans, where
    the same logits are wrong more often; None in runs of earlier versions. `likeness_threshold` is the least
    `digit_likeness` (0 to 1) at which something counts as a digit. The errors are expected
    calibration errors on the validation data, at temperature 1 and at `temperature`.
    """

    temperature: float = Field(ge=1e-3, le=1e3)
    picture_temperature: float | None = Field(None, ge=1e-3, le=1e3)
    likeness_threshold: Share
    error_before: Share = 0.0
    error_after: Share = 0.0


class Environment(_Record):
    """What else can change a result: library versions, data, time (Unix seconds) and command.

    `compute_dtype` is what the setting "auto" resolved to; None in runs of early versions.
    """

    versions: dict[str, str]
    data_digest: str
    command: str
    created: Moment
    compute_dtype: Literal["float32", "bfloat16"] | None = Field(
        default=None, validation_alias=AliasChoices("compute_dtype", "computed_in")
    )


class TrainedNetwork(_Record):
    """What is known of a trained network that has not seen the test images yet."""

    training_images: Count
    validation_images: Count
    parameters: Count
    environment: Environment
