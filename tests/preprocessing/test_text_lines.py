import ast
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from digit_core import InvalidImage, NoInk, Recognizer
from digit_core.preprocessing.text_lines import find_lines
from digit_core.runs.run import SHIPPED, open_run
from digit_core.storage import paths
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


@pytest.mark.parametrize("picture", ["None", "np.zeros((28, 28), np.uint8)"], ids=["strokes", "over a test image"])
def test_a_number_on_a_canvas_is_found_at_its_place_without_opencv(picture):
    code = (
        "import sys, numpy as np\n"
        "from digit_core import Recognizer\n"
        "from digit_core.preprocessing.fabric_canvas import Drawing\n"
        "from digit_core.runs.run import open_run\n"
        "from scripts.benchmarks.drawings import FOUR, SEVEN\n"
        "strokes = [s + (40, 120) for s in SEVEN] + [s + (320, 120) for s in FOUR]\n"
        f"drawing = Drawing(tuple(strokes), 14.0, {picture})\n"
        "recognizer = Recognizer(open_run('shipped'))\n"
        "number = recognizer.predict_drawn_number(drawing, recognizer.predict_drawing(drawing, 560).steps[0].ink)\n"
        "print(number.text, [digit.box for digit in number.digits], 'cv2' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=paths.PROJECT, check=True)
    text, boxes, has_opencv = re.fullmatch(r"(\d+) (\[.*\]) (\w+)", done.stdout.strip()).groups()
    assert (text, has_opencv) == ("74", "False")
    seven, four = ast.literal_eval(boxes)
    assert seven[2] < 280 < four[0] and 100 < four[1] < 200 < four[3] < 420
