"""Where a line of digits is several numbers."""

import pytest

from digit_core.preprocessing.columns import columns_of


def boxes(*lefts: int, width: int = 40) -> list[tuple[int, int, int, int]]:
    """Digits 60 pixels high that begin there."""
    return [(left, 0, left + width, 60) for left in lefts]


@pytest.mark.parametrize(
    ("lefts", "sizes"),
    [
        ((), [0]),
        ((0,), [1]),
        ((0, 50, 100), [3]),
        ((0, 50, 250, 300, 350), [2, 3]),  # two columns
        ((0, 150, 300), [1, 1, 1]),  # of single digits
        ((0, 90, 140, 190, 280, 330), [6]),  # groups of thousands
        ((0, 110, 240, 330, 460), [5]),  # the boxes of a form, in which digits stand left and right
        ((0, 50, 0, 50), [4]),  # two rows on a canvas
    ],
)
def test_wide_gaps_separate_columns(lefts, sizes):
    assert [part.stop - part.start for part in columns_of(boxes(*lefts))] == sizes


def test_a_rule_separates_columns_but_not_the_boxes_of_a_form_with_a_digit_each():
    digits = boxes(0, 50, 110, 160)
    assert [part.stop for part in columns_of(digits, rules=[105.0])] == [2, 4]
    assert [part.stop for part in columns_of(digits, rules=[45.0, 105.0, 155.0])] == [4]
    assert [part.stop for part in columns_of(digits[:2], rules=[45.0])] == [1, 2]
