import numpy as np
import pytest
from PIL import Image

from digit_core import Recognizer
from scripts.benchmarks.drawings import SEVEN, paint


def seven() -> np.ndarray:
    """A 7 with little space around it: uint8 (240, w), white on black."""
    digit = paint(SEVEN, 16)
    columns = np.flatnonzero(digit.any(0))
    return np.pad(digit[20:260, columns[0] : columns[-1] + 1], ((0, 0), (15, 15)))


@pytest.mark.parametrize("ruled", [False, True])
def test_the_numbers_of_a_table_are_separate_and_the_text_is_still_that_of_all_digits(ruled):
    gap = np.zeros((240, 30 if ruled else 300), np.uint8)
    table = np.vstack(2 * [np.hstack([seven(), seven(), gap, seven(), seven(), seven()])])
    if ruled:
        middle = 2 * seven().shape[1] + 15
        table[:, middle - 3 : middle + 3] = table[237:243] = 200
    lines = Recognizer.load("shipped").predict_lines(Image.fromarray(255 - np.pad(table, 40)))
    assert [[number.text for number in line.columns] for line in lines] == [["77", "777"], ["77", "777"]]
    assert [line.text for line in lines] == ["77777", "77777"]
