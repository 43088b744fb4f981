"""What a `Recognizer` returns."""

from dataclasses import dataclass, replace

import numpy as np

from digit_core.preprocessing.frames import Box
from digit_core.preprocessing.pipeline import Step, picture_steps


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
    """Several digits, left to right, row by row; and which of them belong to each column of a table, if it is one."""

    digits: tuple[RecognizedDigit, ...]
    parts: tuple[slice, ...] = ()

    @property
    def text(self) -> str:
        """The predicted digits as a string."""
        return "".join(str(digit.prediction.digit) for digit in self.digits)

    @property
    def columns(self) -> tuple["Number", ...]:
        """The numbers in the columns of a table, left to right; this one alone if it is none."""
        return tuple(Number(self.digits[part]) for part in self.parts) or (self,)

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
