import numpy as np
import pytest
from PIL import Image

from digit_core import Recognizer
from digit_core.inference.prediction import columns_of
from scripts.benchmarks.drawings import FOUR, SEVEN, paint


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


def test_the_numbers_of_a_table_are_separate_and_the_text_is_still_that_of_all_digits():
    seven, four = (paint(strokes) for strokes in (SEVEN, FOUR))
    row = np.hstack([seven, four, np.zeros((280, 300), np.uint8), four, four])
    (line,) = Recognizer.load("shipped").predict_lines(Image.fromarray(255 - row))
    assert [number.text for number in line.columns] == ["74", "44"]
    assert line.text == "7444"
