"""Is it the model or the label? Test images whose label may be wrong, by confident learning.

Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset labels"
(Journal of Artificial Intelligence Research 70, 2021), on predictions for images that the model
was not trained on: a class's threshold is the mean probability that it gets on images labelled
so; an image that reaches another class's threshold counts as that class, and if its label says
otherwise as a confident label error.

A model that is nearly always right has thresholds near 1, and hardly a mistake reaches them. So
the list for people to look through is the one by which MNIST's label errors were found
(Northcutt, Athalye and Mueller, "Pervasive label errors in test sets destabilize machine
learning benchmarks", 2021): the images in order of their normalised margin, the probability of
the label less the highest of any other class. They looked at 100 of MNIST's 10,000.
"""

from dataclasses import dataclass

import numpy as np

from digit_core.evaluation.metrics import N_CLASSES, tempered
from digit_core.runs.run import Run

REVIEWED = 0.01  # of the images: the share that people looked at in the study of 2021
_ROUNDING = 1e-6  # a mean of ones is not above one

# The test images of MNIST of which fewer than three of five people saw the label's digit: the
# study's votes, `mturk/mnist_mturk.json` in github.com/cleanlab/label-errors. Index: the digit
# that three or more of them saw instead, or None where they saw neither or did not agree.
CONFIRMED: dict[int, int | None] = {
    947: 9,
    1621: 6,
    1901: 4,
    2130: None,
    2462: 0,
    2597: 3,
    2654: None,
    3520: None,
    3558: 0,
    5937: 3,
    6651: 6,
    6783: 6,
    8527: None,
    9679: None,
    9729: 6,
}


@dataclass(frozen=True)
class Suspects:
    """Images whose label may be wrong, likeliest first: arrays (k,).

    `index` in the test set; `label` as given; `guess`, the likeliest other digit; `margin`, -1 to
    1, below 0 where the model says the guess; `confident`, whether it is a confident label error;
    `confirmed`, whether people found the label wrong.
    """

    index: np.ndarray
    label: np.ndarray
    guess: np.ndarray
    margin: np.ndarray
    confident: np.ndarray
    confirmed: np.ndarray


def suspects_of(run: Run) -> Suspects:
    """The review list of a run's test set: a hundredth of it and every confident label error.

    Probabilities are taken at the run's temperature. Raises DamagedRun.
    """
    found = run.predictions()
    probabilities = tempered(found.probabilities, run.calibration.temperature)
    return suspects(probabilities, found.labels, confirmed_in(run.config.data))


def confirmed_in(data: str) -> tuple[int, ...]:
    """The test images of a data set whose label people found wrong; none are known of other sets than MNIST."""
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
    """float64 (10,): the mean probability of each class on images labelled so; 1 of a class without any."""
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    count = np.bincount(labels, minlength=N_CLASSES)
    return np.where(count, np.bincount(labels, own, N_CLASSES) / np.maximum(count, 1), 1.0)


def confident_classes(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """int (n,): the likeliest class among those whose threshold an image reaches, -1 where it reaches none."""
    reached = probabilities >= thresholds(probabilities, labels) - _ROUNDING
    return np.where(reached.any(1), np.where(reached, probabilities, -1).argmax(1), -1)


def confident_joint(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """int (10, 10): [y, k] counts images labelled y that count as k; off the diagonal are the errors."""
    found = confident_classes(probabilities, labels)
    pairs = labels[found >= 0] * N_CLASSES + found[found >= 0]
    return np.bincount(pairs, minlength=N_CLASSES**2).reshape(N_CLASSES, N_CLASSES)


def confident_errors(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Indices of the images that count as another class than their label, in ascending order."""
    found = confident_classes(probabilities, labels)
    return np.flatnonzero((found >= 0) & (found != labels))
