"""A run that begins with another run's weights, mostly to learn from drawings; and what it has gained and lost.

Two things keep it from forgetting. Each batch replays what the base run was trained on (Robins 1995), with the
base run's own probabilities for labels (Li and Hoiem 2016, arXiv 1606.09282). And the weights are a mean of those
before and after (Wortsman et al. 2022, arXiv 2109.01903): as far towards the new ones as validation allows. Of a
run that is trained further without drawings they are the mean of both.
"""

import os
from collections.abc import Sequence

import keras
import numpy as np

from digit_core.drawings.labelled import NOT_A_DIGIT
from digit_core.drawings.training_set import TrainingSet
from digit_core.errors import DamagedRun
from digit_core.inference.litert import Classifier
from digit_core.inference.probabilities import N_DIGITS, digit_likeness, digit_probabilities
from digit_core.preprocessing.normalize import to_float
from digit_core.runs.config import TrainingConfig
from digit_core.runs.run import Run, open_run
from digit_core.runs.schemas import Adaptation, Comparison
from digit_core.training.batches import MixedBatches, class_count
from digit_core.training.contradictions import contradicted_labels

_SHARES = (1.0, 0.8, 0.65, 0.5, 0.4, 0.3)  # of the new weights, those tried first
_MOST_WORSE = 0.001, 0.003  # shares of the validation images: of the data set's own, and of drawing-like ones


def base_network(config: TrainingConfig) -> keras.Model:
    """The network of the base run, whose preset may have had another size when it was trained.

    Raises UnknownRun, or DamagedRun if it cannot be loaded or does not have the classes of its settings.
    """
    run = open_run(config.base_run)
    network = load_network(run)
    if network.output_shape != (None, class_count(config)):
        raise DamagedRun(f"The model of {run.name} has not the {class_count(config)} classes that its settings say.")
    return network


def blend(model: keras.Model, config: TrainingConfig, validation: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """Move the model's weights back towards its base run's, as far as needed; returns the share of the new ones.

    `validation`: inputs, float32 (n, 28, 28), and labels (n,) of the data set's own validation images and of those
    that resemble drawings; of neither may more than `_MOST_WORSE` be lost. Raises UnknownRun or DamagedRun.
    """
    before, after = base_network(config).get_weights(), model.get_weights()

    def errors(share: float) -> list[int]:
        mixed = [old + share * (new - old) for old, new in zip(before, after, strict=True)]
        model.set_weights(mixed)
        return [_count_errors(model, inputs, labels) for inputs, labels in validation]

    allowed = [
        count + worse * len(labels)
        for count, worse, (_, labels) in zip(errors(0.0), _MOST_WORSE, validation, strict=True)
    ]
    for share in _SHARES:
        if all(now <= most for now, most in zip(errors(share), allowed, strict=True)):
            return share
    return _SHARES[-1]


def average(model: keras.Model, config: TrainingConfig) -> None:
    """Give the model the mean of its weights and its base run's. Raises UnknownRun or DamagedRun."""
    before = base_network(config).get_weights()
    model.set_weights([(old + new) / 2 for old, new in zip(before, model.get_weights(), strict=True)])


def _count_errors(model: keras.Model, inputs: np.ndarray, labels: np.ndarray) -> int:
    logits = np.asarray(model.predict(inputs[..., None], batch_size=500, verbose=0))
    return int((logits[:, :N_DIGITS].argmax(1) != labels).sum())


def load_network(run: Run) -> keras.Model:
    """A run's network with its weights. Raises DamagedRun."""
    try:
        return keras.models.load_model(run.path / "model.keras", compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DamagedRun(f"The model of the run {run.name} cannot be loaded: {error}") from None


def compare(drawings: TrainingSet, base: Run, adapted: Run, batches: MixedBatches) -> Adaptation:
    """What the adapted run gained and lost on the test images and on the drawings. Raises DamagedRun."""
    before, after = base.predictions(), adapted.predictions()
    if not np.array_equal(before.labels, after.labels):
        raise DamagedRun(f"{base.name} was tested on other images than this run, so they cannot be compared.")
    was_right, is_right = (right_drawings(run, drawings.images, drawings.labels) for run in (base, adapted))
    held = drawings.held_back
    return Adaptation(
        base_run=base.name,
        test=_comparison(before.predicted == before.labels, after.predicted == after.labels),
        held_back=_comparison(was_right[held], is_right[held]),
        learned=_comparison(was_right[~held], is_right[~held]),
        contradicted=int(contradicted_labels(load_network(base), drawings, batches.without_drawings()).sum()),
    )


def right_drawings(run: Run, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Whether the run predicts the label of each drawing, bool (n,), as a person sees it.

    `images` uint8 (n, 28, 28); `labels` (n,), 0 to 10. A digit has to be accepted as one, and a non-digit rejected.
    """
    classifier = Classifier(run.model_bytes(), threads=os.cpu_count() or 1)
    logits = classifier.logits_in_batches(to_float(images))
    calibration = run.calibration
    accepted = digit_likeness(logits) >= calibration.likeness_threshold
    predicted = digit_probabilities(logits, calibration.temperature).argmax(1)
    return np.where(labels == NOT_A_DIGIT, ~accepted, accepted & (predicted == labels))


def _comparison(before: np.ndarray, after: np.ndarray) -> Comparison:
    return Comparison(
        images=len(before),
        before=int(before.sum()),
        after=int(after.sum()),
        only_before=int((before & ~after).sum()),
        only_after=int((after & ~before).sum()),
    )
