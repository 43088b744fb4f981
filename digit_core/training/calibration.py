"""Make confidence mean what it says, on validation data.

Temperature scaling: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural
networks" (2017).
"""

import numpy as np
from scipy.optimize import minimize_scalar

from digit_core.evaluation.metrics import reliability
from digit_core.inference.probabilities import N_DIGITS, digit_likeness, digit_probabilities
from digit_core.runs.schemas import Calibration

_KEPT = 0.995  # of correctly read validation digits that must count as digits


def fit_calibration(logits: np.ndarray, labels: np.ndarray) -> Calibration:
    """Temperature with the least cross-entropy, and the threshold that keeps 99.5 % of right readings.

    Parameters: `logits` (n, k) and `labels` (n,), 0 to 9, of validation digits. The threshold is
    set by what must be kept, not by what it happens to refuse.
    """
    digits = logits[:, :N_DIGITS].astype(np.float64)

    def cross_entropy(log_temperature: float) -> float:
        scaled = digits / np.exp(log_temperature)
        scaled -= scaled.max(1, keepdims=True)
        return float(np.mean(np.log(np.exp(scaled).sum(1)) - scaled[np.arange(len(labels)), labels]))

    best = minimize_scalar(cross_entropy, bounds=(np.log(0.1), np.log(10)), method="bounded")
    temperature = float(np.exp(best.x))
    right = digits.argmax(1) == labels
    threshold = float(np.quantile(digit_likeness(logits)[right], 1 - _KEPT)) if right.any() else 0.0
    return Calibration(
        temperature=temperature,
        likeness_threshold=threshold,
        error_before=reliability(digit_probabilities(digits, 1.0), labels).error,
        error_after=reliability(digit_probabilities(digits, temperature), labels).error,
    )
