"""Find test images whose label may be wrong, by confident learning.

Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset labels"
(Journal of Artificial Intelligence Research 70, 2021), on predictions for images that the model
was not trained on: a class's threshold is the mean probability it gets on images with its label;
an image that reaches another class's threshold is a confident label error.

An accurate model has thresholds near 1, which few mistakes reach. So the review list is the one by
which MNIST's label errors were found (Northcutt, Athalye and Mueller, "Pervasive label errors in
test sets destabilize machine learning benchmarks", 2021): the images in order of their normalised
margin, the probability of the label less the highest of any other class.
"""

from dataclasses import dataclass

import numpy as np

from digit_core.evaluation.metrics import tempered
from digit_core.inference.probabilities import N_DIGITS
from digit_core.runs.run import Run

REVIEWED = 0.01  # share of the images: people reviewed 100 of MNIST's 10,000 in the study of 2021
_ROUNDING = 1e-6  # a mean of ones may be rounded up

# MNIST test images in which fewer than three of five people saw the label's digit: index -> the digit that
# three or more saw instead, None where they did not agree. The study's votes, `mturk/mnist_mturk.json` in
# github.com/cleanlab/label-errors.
# fmt: off
CONFIRMED: dict[int, int | None] = {
    947: 9, 1621: 6, 1901: 4, 2130: None, 2462: 0, 2597: 3, 2654: None, 3520: None, 3558: 0, 5937: 3, 6651: 6, 6783: 6,
    8527: None, 9679: None, 9729: 6,
}
# fmt: on


@dataclass(frozen=True)
class Suspects:
    """Images whose label may be wrong, most suspect first: arrays (k,).

    `index` in the test set; `label` as given; `guess`, the likeliest other digit; `margin`, -1 to
    1, below 0 where the model prefers the guess; `confident`, whether it is a confident label error;
    `confirmed`, whether people found the label wrong.
    """

    index: np.ndarray
    label: np.ndarray
    guess: np.ndarray
    margin: np.ndarray
    confident: np.ndarray
    confirmed: np.ndarray


def suspects_of(run: Run) -> Suspects:
    """The review list of a run's test set: the hundredth with the lowest margins and all confident label errors.

    Probabilities are calibrated with the run's temperature. Raises DamagedRun.
    """
    found = run.predictions()
    probabilities = tempered(found.probabilities, run.calibration.temperature)
    return suspects(probabilities, found.labels, confirmed_in(run.config.data))


def confirmed_in(data: str) -> tuple[int, ...]:
    """Indices of the test images whose label people found wrong; none are known in other sets than MNIST."""
    return tuple(CONFIRMED) if data == "mnist" else ()


def suspects(probabilities: np.ndarray, labels: np.ndarray, confirmed: tuple[int, ...] = ()) -> Suspects:
    """The review list from probabilities (n, 10), of images not trained on, and labels (n,)."""
    confident = np.zeros(len(labels), bool)
    confident[confident_errors(probabilities, labels)] = True
    margin, guess = margins(probabilities, labels)
    reviewed = max(int(REVIEWED * len(labels) + 0.5), 1)
    order = np.argsort(margin, kind="stable")
    chosen = order[(np.arange(len(order)) < reviewed) | confident[order]]
    return Suspects(
        index=chosen,
        label=labels[chosen],
        guess=guess[chosen],
        margin=margin[chosen],
        confident=confident[chosen],
        confirmed=np.isin(chosen, confirmed),
    )


def margins(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normalised margin (n,) of each label, -1 to 1, and the likeliest other class (n,)."""
    rows = np.arange(len(labels))
    others = probabilities.astype(np.float64)
    own = others[rows, labels].copy()
    others[rows, labels] = -1
    guess = others.argmax(1)
    return own - others[rows, guess], guess


def thresholds(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """float64 (10,): the mean probability of each class on images with its label; 1 for a class without images."""
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    count = np.bincount(labels, minlength=N_DIGITS)
    return np.where(count, np.bincount(labels, own, N_DIGITS) / np.maximum(count, 1), 1.0)


def confident_errors(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Ascending indices of images whose likeliest class, of those whose threshold they reach, is not their label."""
    reached = probabilities >= thresholds(probabilities, labels) - _ROUNDING
    likeliest = np.where(reached, probabilities, -1).argmax(1)
    return np.flatnonzero(reached.any(1) & (likeliest != labels))
