import numpy as np
import pytest
from PIL import Image

from digit_core import InvalidImage, NoInk, Recognizer
from digit_core.preprocessing.text_lines import find_lines
from digit_core.runs.run import SHIPPED, open_run
from scripts.benchmarks.drawings import FOUR, SEVEN, paint


def sheet() -> Image.Image:
    """Two lines of digits, dark on white: 7477 and 4474."""
    seven, four = paint(SEVEN), paint(FOUR)
    lines = np.vstack([np.hstack([seven, four, seven, seven]), np.hstack([four, four, seven, four])])
    return Image.fromarray(255 - np.pad(lines, 100))


@pytest.mark.parametrize("tilt", [0, 7, -7, 14])
def test_lines_are_predicted_top_to_bottom_whatever_their_tilt(tilt):
    picture = sheet().rotate(tilt, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    numbers = Recognizer(open_run(SHIPPED)).predict_lines(picture)
    assert [number.text for number in numbers] == ["7477", "4474"]
    tops = [min(digit.box[1] for digit in number.digits) for number in numbers]
    assert tops == sorted(tops)
    for number in numbers:
        for left, top, right, bottom in (digit.box for digit in number.digits):
            assert 0 <= left < right <= picture.width and 0 <= top < bottom <= picture.height


def test_a_single_line_is_predicted_as_a_number():
    picture = Image.fromarray(255 - np.hstack([paint(SEVEN), paint(FOUR)]))
    recognizer = Recognizer(open_run(SHIPPED))
    (line,) = recognizer.predict_lines(picture)
    number = recognizer.predict_number(picture)
    assert line.text == number.text == "74"
    assert [digit.box for digit in line.digits] == [digit.box for digit in number.digits]


def test_blank_pictures_and_what_is_no_picture_are_rejected():
    with pytest.raises(NoInk):
        find_lines(np.full((300, 400), 255, np.uint8))
    with pytest.raises(InvalidImage):
        find_lines("picture")
