"""Stores what a person says about a box on a picture, or about a digit of a number on the canvas."""

from collections.abc import Sequence

from digit_core.inference.prediction import Number
from pages.components import labels
from pages.draw_sections.corrections import Box


def store(numbers: Sequence[Number], source: str, run: str, box: Box, label: int | None) -> None:
    """Store a label for the digit with this box; None takes the last one back.

    `source`: "canvas" or "picture"; `run`: the name of the run that predicted.
    """
    digit = next(digit for number in numbers for digit in number.digits if digit.box == box)
    labels.save(labels.token_of(digit.prediction, run), label, digit.prediction, source, run, ink=digit.ink)
