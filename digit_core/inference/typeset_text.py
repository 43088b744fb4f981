"""Tell a page of text from lines of digits, by how its marks are predicted."""

from collections.abc import Sequence

from digit_core.errors import InvalidImage
from digit_core.inference.prediction import Prediction

_DIGITS = 0.5  # share of the marks: of a page of text fewer look like digits
# Many letters do: of the marks on typeset pages of text 58 to 66 % are sure digits, on pages of digits 92 to 100 %.
_MANY_MARKS, _SURE, _SURE_DIGITS = 60, 0.9, 0.75


def refuse_text(marks: Sequence[Prediction]) -> None:
    """Raise InvalidImage if the marks of several lines are those of a page of text."""
    digits = [mark for mark in marks if mark.is_digit]
    sure = [mark for mark in digits if mark.confidence > _SURE]
    is_text = len(sure) < _SURE_DIGITS * len(marks) if len(marks) >= _MANY_MARKS else len(digits) < _DIGITS * len(marks)
    if is_text:
        raise InvalidImage(
            f"The picture looks like a page of text: only {len(sure)} of its {len(marks)} marks "
            f"{'looks like a digit' if len(sure) == 1 else 'look like digits'}. "
            "Crop it to the numbers, or turn it upright."
        )
