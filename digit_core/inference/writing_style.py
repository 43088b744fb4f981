"""Digits of one hand: what the digits of a number tell about each other.

Style-consistent classification (Sarkar and Nagy 2005, "Style consistent classification of isogenous patterns").
Writers whose ones are plain strokes do not often write another one with a flag: that tells a European 1 from a slim
American 7. And digits that look alike are the same: an odd nine is one if a surer nine beside it is as odd.
"""

from collections.abc import Callable, Sequence

import numpy as np

from digit_core.inference.prediction import Prediction
from digit_core.preprocessing.segmentation import SEEN

_SURE = 0.9  # probability of a one from which its shape tells how the writer writes ones
# Width across a straight line through the ink, as a share of its length: of 5,045 drawn digits three quarters of the
# ones have less than 0.5, half of them less than 0.2, and no seven has less than 0.3.
_PLAIN = 0.2
# Times as likely a seven is then. On numbers of five digits by one hand, from 60 Austrian and 175 other writers, 3
# corrects fewer, and 10 makes new mistakes among the Austrian ones.
_ODDS = 6.0
# Digits of the same kind by one hand have features with a cosine of 0.79 (median), other digits of 0.25 or less.
_ALIKE = 0.5
# The logarithm of how many times as likely it is that two digits with equal features are the same. On the numbers
# above 1 corrects fewer, and from 5 on there are new mistakes.
_PULL = 3.0
_UNSURE = 0.98  # probability up to which a digit is compared with the others

Features = Callable[[np.ndarray], np.ndarray | None]


def by_one_hand(predictions: Sequence[Prediction], features: Features) -> list[Prediction]:
    """The predictions for the digits of a number, each given the others.

    `features`: float32 (n, d) of model inputs (n, 28, 28), or None if the network has none; called only if needed.
    """
    return _with_the_alike(_with_plain_ones(predictions), features)


def _with_plain_ones(predictions: Sequence[Prediction]) -> list[Prediction]:
    spreads = [_spread(one.model_input) for one in predictions]
    if not any(
        one.digit == 1 and one.confidence > _SURE and spread < _PLAIN
        for one, spread in zip(predictions, spreads, strict=True)
    ):
        return list(predictions)
    return [
        one if spread < _PLAIN else _with_sevens_likelier(one) for one, spread in zip(predictions, spreads, strict=True)
    ]


def _with_the_alike(predictions: Sequence[Prediction], features: Features) -> list[Prediction]:
    """Each unsure digit, drawn to the sure ones that it looks like."""
    unsure = [at for at, one in enumerate(predictions) if one.confidence < _UNSURE]
    sure = [at for at, one in enumerate(predictions) if one.confidence > _SURE and one.is_digit]
    found = features(np.stack([one.model_input for one in predictions])) if unsure and sure else None
    result = list(predictions)
    if found is None:
        return result
    units = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
    for at in unsure:
        pull = np.zeros_like(predictions[at].probabilities)
        for other in sure:
            if other != at:
                cosine = float(units[at] @ units[other])
                digit = predictions[other].digit
                pull[digit] = max(pull[digit], _PULL * (cosine - _ALIKE) / (1 - _ALIKE))
        weighted = predictions[at].probabilities * np.exp(pull)
        result[at] = predictions[at].with_probabilities(weighted / weighted.sum())
    return result


def _with_sevens_likelier(prediction: Prediction) -> Prediction:
    weighted = prediction.probabilities.copy()
    weighted[7] *= _ODDS
    return prediction.with_probabilities(weighted / weighted.sum())


def _spread(image: np.ndarray) -> float:
    """How wide the ink is across the line that fits it best (x as a function of y), as a share of its height."""
    pixels = np.nonzero(image >= SEEN)
    if not len(pixels[0]):
        return np.inf
    y, x = (side - side.mean() for side in pixels)
    if not (y @ y) > 0:
        return np.inf
    across = x - y * (x @ y) / (y @ y)
    return float(np.sqrt((across @ across) / (y @ y)))
