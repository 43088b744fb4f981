"""Smooth curves of noisy values."""

from collections.abc import Sequence

import numpy as np


def smoothed(values: Sequence[float], weight: float) -> np.ndarray:
    """Exponential moving average of a curve, float (n,), without the bias towards 0 at its beginning.

    `weight`: of the past, from 0 (the values as they are) to below 1. The correction is Adam's
    (Kingma and Ba 2014, section 3), as in TensorBoard.
    """
    average, result = 0.0, np.empty(len(values))
    for index, value in enumerate(values):
        average = weight * average + (1 - weight) * value
        result[index] = average / (1 - weight ** (index + 1))
    return result
