"""Fit the calibration of a model's confidence on validation data.

Temperature scaling: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural
networks" (2017).
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from digit_core.evaluation.metrics import reliability
from digit_core.inference.probabilities import N_DIGITS, digit_likeness, digit_probabilities
from digit_core.runs.schemas import Calibration

_ACCEPTED = 0.995  # share of correctly predicted validation digits that must count as digits


def fit_calibration(logits: np.ndarray, labels: np.ndarray) -> Calibration:
    """The temperature that fits, and the threshold that accepts 99.5 % of correct predictions.

    Parameters: `logits` (n, k) and `labels` (n,), 0 to 9, of validation digits.
    """
    digits = logits[:, :N_DIGITS]
    temperature = _fit_temperature(logits, labels)
    correct = digits.argmax(1) == labels
    threshold = float(np.quantile(digit_likeness(logits)[correct], 1 - _ACCEPTED)) if correct.any() else 0.0
    return Calibration(
        temperature=temperature,
        likeness_threshold=threshold,
        error_before=reliability(digit_probabilities(digits, 1.0), labels).error,
        error_after=reliability(digit_probabilities(digits, temperature), labels).error,
    )


def fit_picture_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature for photos and scans: halfway, as a factor, between 1 and the one that fits synthetic scans.

    Real ones are stranger than those, and a network is surer of what resembles its training.
    """
    return float(np.sqrt(_fit_temperature(logits, labels)))


def _fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature, 0.1 to 10, with the least cross-entropy; parameters as of `fit_calibration`."""
    digits = logits[:, :N_DIGITS].astype(np.float64)

    def cross_entropy(log_temperature: float) -> float:
        return -float(log_softmax(digits / np.exp(log_temperature), axis=1)[np.arange(len(labels)), labels].mean())

    best = minimize_scalar(cross_entropy, bounds=(np.log(0.1), np.log(10)), method="bounded")
    return float(np.exp(best.x))
