"""Logits of pictures: where the network is unsure, the mean over three sizes of the model input.

Test-time augmentation (Simonyan and Zisserman 2015, section 4). How large a digit on paper is normalised depends
on blur and stains at its edge; a network that does not care gives the same logits three times. Sure predictions
hardly change, so only the others, a seventh of scanned digits, cost the time.
"""

from collections.abc import Sequence

import numpy as np

from digit_core.inference.litert import Classifier
from digit_core.inference.probabilities import softmax
from digit_core.preprocessing.normalize import SIDE

_SCALES = 1 / 1.1, 1 / 0.92
_SURE = 0.9  # probability, before calibration, from which one look is enough


def picture_logits(classifier: Classifier, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """float32 (n, k) for one or more model inputs of pictures, each float32 (28, 28), 0 to 1."""
    images = np.asarray(inputs, np.float32)
    logits = classifier.logits_in_batches(images)
    unsure = np.flatnonzero(softmax(logits).max(1) < _SURE)
    if unsure.size:
        views = np.concatenate([matrix @ images[unsure] @ matrix.T for matrix in _ZOOMS])
        others = classifier.logits_in_batches(views).reshape(len(_ZOOMS), len(unsure), -1)
        logits[unsure] = (logits[unsure] + others.sum(0)) / (len(_ZOOMS) + 1)
    return logits


def _zoom(scale: float) -> np.ndarray:
    """float32 (28, 28): times a column of pixels it is the column, `scale` times as high about its middle."""
    middle = (SIDE - 1) / 2
    source = (np.arange(SIDE) - middle) / scale + middle
    # Linear interpolation, with no ink beyond the ends.
    return np.maximum(1 - np.abs(source[:, None] - np.arange(SIDE)), 0).astype(np.float32)


_ZOOMS = tuple(map(_zoom, _SCALES))
