"""What a person says about the digits of a picture where the prediction is wrong, and what the answer is then.

A correction belongs to a box on a picture, so it outlives what is drawn or read beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from digit_core.drawings.labelled import NOT_A_DIGIT
from digit_core.inference.prediction import Number
from pages.components import prediction_card

_STATE, _ASIDE = "corrections", "corrections_set_aside"
_MOST_PICTURES = 1000  # whose corrections a session keeps

Box = tuple[int, int, int, int]
Corrections = dict[Box, int]


@dataclass(frozen=True)
class DigitBox:
    """A predicted digit on a picture: how sure it is, 0 to 1, and where: left, top, right, bottom in pixels.

    `column`: in which of the line's numbers it is, from 0; a table has several in a line.
    """

    digit: int
    confidence: float
    is_digit: bool
    box: Box
    column: int

    @property
    def is_doubtful(self) -> bool:
        """Whether a person should look at it."""
        return not self.is_digit or self.confidence < prediction_card.SURE


Line = tuple[DigitBox, ...]


def lines_of(numbers: Sequence[Number]) -> tuple[Line, ...]:
    """The digits of each line, without what is needed to explain them."""
    return tuple(
        tuple(
            DigitBox(
                digit.prediction.digit,
                # What hardly looks like a digit is not sure to be this one.
                min(digit.prediction.confidence, digit.prediction.digit_likeness)
                if not digit.prediction.is_digit
                else digit.prediction.confidence,
                digit.prediction.is_digit,
                digit.box,
                column,
            )
            for column, part in enumerate(number.columns)
            for digit in part.digits
        )
        for number in numbers
    )


def of(source: str) -> Corrections:
    """The corrections of a picture, by box: a digit, or NOT_A_DIGIT."""
    return st.session_state.setdefault(_STATE, {}).get(source, {})


def put(source: str, box: Box, digit: int | None) -> None:
    """Correct a digit of a picture; None takes the correction back."""
    everything = st.session_state.setdefault(_STATE, {})
    own = everything.pop(source, {})
    if digit is None:
        own.pop(box, None)
    else:
        own[box] = digit
    if own:
        everything[source] = own  # the last in order: the oldest are forgotten first
    while len(everything) > _MOST_PICTURES:
        everything.pop(next(iter(everything)))


def forget(source: str) -> None:
    """Drop the corrections of a picture."""
    st.session_state.setdefault(_STATE, {}).pop(source, None)


def set_aside(source: str) -> None:
    """Drop the corrections of a picture that is gone, until `restore` finds it again."""
    if own := st.session_state.setdefault(_STATE, {}).pop(source, None):
        st.session_state.setdefault(_ASIDE, {})[source] = own


def restore(source: str, lines: Sequence[Line]) -> None:
    """Bring back the corrections that were set aside if all their boxes are there again, as after an undo."""
    own = st.session_state.get(_ASIDE, {}).pop(source, None)
    if own and own.keys() <= {one.box for line in lines for one in line}:
        st.session_state.setdefault(_STATE, {})[source] = own


def text_of(line: Line, corrected: Corrections) -> str:
    """A line's digits as a string, corrected, with a space between the columns of a table."""
    columns: dict[int, str] = {}
    for one in line:
        digit = corrected.get(one.box, one.digit)
        columns[one.column] = columns.get(one.column, "") + (str(digit) if digit != NOT_A_DIGIT else "")
    return " ".join(text for text in columns.values() if text)


def lowest_confidence(line: Line, corrected: Corrections) -> float | None:
    """The lowest confidence of a line's digits that nobody corrected, 0 to 1; None if there is none."""
    return min((one.confidence for one in line if one.box not in corrected), default=None)


def count(line: Line, corrected: Corrections) -> int:
    """How many digits of a line were corrected."""
    return sum(one.box in corrected for one in line)


def doubtful(lines: Sequence[Line], corrected: Corrections) -> int:
    """How many digits are doubtful and not corrected."""
    return sum(one.is_doubtful and one.box not in corrected for line in lines for one in line)
