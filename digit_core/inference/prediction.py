"""What a `Recognizer` returns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from digit_core.preprocessing.frames import Box
from digit_core.preprocessing.pipeline import Step, picture_steps

# Times the height of the digits, and the usual gap between them: a wider one separates the columns of a table. Digits
# in the boxes of a form are closer, and so are the groups of 1 250 000.
_COLUMN_GAP, _WIDER = 1.5, 2.5


@dataclass(frozen=True)
class Prediction:
    """A prediction for one digit.

    `digit` 0 to 9; `probabilities` float32 (10,), sums to 1; `confidence` the calibrated
    probability of `digit`; `digit_likeness` 0 to 1; `is_digit` whether that reaches the run's
    threshold; `model_input` float32 (28, 28), 0 (paper) to 1 (ink).
    """

    digit: int
    probabilities: np.ndarray
    confidence: float
    digit_likeness: float
    is_digit: bool
    model_input: np.ndarray

    def with_probabilities(self, probabilities: np.ndarray) -> "Prediction":
        """The same with other probabilities, float32 (10,), and the digit and confidence that follow."""
        digit = int(probabilities.argmax())
        return replace(self, digit=digit, probabilities=probabilities, confidence=float(probabilities[digit]))


@dataclass(frozen=True)
class DrawingPrediction:
    """The prediction for a drawing, and the steps from the canvas to its model input."""

    prediction: Prediction
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class RecognizedDigit:
    """One digit of a number.

    `box`: left, top, right, bottom in pixels of the picture, ends excluded; exact to one pixel of
    the scaled picture if that is large. `ink`: the digit's own, float32 (h, w), 0 (paper) to 1 (ink).
    """

    prediction: Prediction
    box: Box
    ink: np.ndarray

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps from `ink` to the model input."""
        return picture_steps(self.ink, self.prediction.model_input)


@dataclass(frozen=True)
class Number:
    """Several digits."""

    digits: tuple[RecognizedDigit, ...]  # left to right, row by row

    @property
    def text(self) -> str:
        """The predicted digits as a string."""
        return "".join(str(digit.prediction.digit) for digit in self.digits)

    @property
    def columns(self) -> tuple["Number", ...]:
        """The numbers of a line, left to right, if wide gaps separate them, as in a table; else this one alone."""
        return tuple(Number(self.digits[part]) for part in columns_of([digit.box for digit in self.digits]))

    @property
    def share_of_digits(self) -> float:
        """The share of `digits` that look like digits, 0 to 1."""
        return float(np.mean([digit.prediction.is_digit for digit in self.digits]))

    def share_of_ink(self, ink: np.ndarray) -> float:
        """The share of some ink, float32 (h, w), 0 to 1, that is in the digits' boxes; these are in its pixels."""
        inside = np.zeros(ink.shape, bool)
        for left, top, right, bottom in (digit.box for digit in self.digits):
            inside[max(top, 0) : bottom, max(left, 0) : right] = True
        return float(ink[inside].sum() / max(float(ink.sum()), 1e-9))

    def with_wider_boxes(self, margin: int, shape: tuple[int, int]) -> "Number":
        """The same digits in boxes wider by `margin` pixels on each side, inside ink of that shape (h, w)."""
        height, width = shape

        def wider(left: int, top: int, right: int, bottom: int) -> Box:
            return max(left - margin, 0), max(top - margin, 0), min(right + margin, width), min(bottom + margin, height)

        return Number(tuple(replace(digit, box=wider(*digit.box)) for digit in self.digits))


def columns_of(boxes: Sequence[Box]) -> list[slice]:
    """Which of a line's boxes, left to right, belong together: wide gaps separate the columns of a table."""
    gaps = np.array([right[0] - left[2] for left, right in pairwise(boxes)])
    if not len(gaps):
        return [slice(0, len(boxes))]
    height = float(np.median([bottom - top for _, top, _, bottom in boxes]))
    usual = max(float(np.median(gaps)), 0.0) if len(gaps) > 1 else 0.0
    wide = np.flatnonzero((gaps > _COLUMN_GAP * height) & ((gaps > _WIDER * usual) | (usual > _COLUMN_GAP * height)))
    edges = [0, *(wide + 1).tolist(), len(boxes)]
    return [slice(start, end) for start, end in pairwise(edges)]
