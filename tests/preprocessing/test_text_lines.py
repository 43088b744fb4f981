import ast
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

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


STEM = [np.array([[100.0, 50.0], [100.0, 230.0]])]
NINE = [
    np.array([[100 + 40 * np.cos(t), 90 + 40 * np.sin(t)] for t in np.linspace(0, -2 * np.pi, 30)]),
    np.array([[140.0, 90.0], [138.0, 235.0]]),
]


def lines_of(picture: np.ndarray) -> list[str]:
    return [number.text for number in Recognizer(open_run(SHIPPED)).predict_lines(Image.fromarray(255 - picture))]


@pytest.mark.parametrize("tilt", [0, 5])
def test_ones_at_the_ends_of_lines_are_not_taken_for_ruled_lines(tilt):
    one, seven = paint(STEM), paint(SEVEN)
    rows = np.vstack([np.hstack([one, seven, seven]), np.hstack([seven, one, one])])
    turned = Image.fromarray(np.pad(rows, 40)).rotate(tilt, Image.Resampling.BICUBIC, expand=True)
    assert lines_of(np.asarray(turned)) == ["177", "711"]


def test_lines_of_nothing_but_ones_are_read():
    one = paint(STEM)[:, 40:160]
    assert lines_of(np.pad(np.vstack([np.hstack([one, one]), np.hstack([one, one])]), 30)) == ["11", "11"]


def test_the_tail_of_a_nine_is_no_line_of_its_own():
    nine = paint(NINE)
    assert lines_of(np.hstack([nine, nine, nine])) == ["999"]


def test_the_bar_of_a_five_that_hangs_over_it_is_no_line_of_its_own():
    bar = np.array([[108.0, 58.0], [122, 42], [184, 18]])
    rest = np.array([[150.0, 54.0], [105, 110], [165, 104], [172, 130], [150, 160], [110, 170]])
    (digit,) = lines_of(np.pad(paint([bar, rest], 10, 280), 100))
    assert len(digit) == 1


def test_the_frame_of_a_cell_and_the_margin_of_a_page_are_no_ones():
    seven, four = paint(SEVEN), paint(FOUR)
    page = np.pad(np.vstack([np.hstack([seven, four]), np.hstack([four, seven])]), 40)
    page[:, 25:29] = 255  # from edge to edge
    assert lines_of(page) == ["74", "47"]
    framed = np.pad(np.vstack([np.hstack([seven, four]), np.hstack([four, seven])]), 20)
    for row in (4, 302, 590):
        framed[row : row + 4] = 255
    for column in (4, 302, 590):
        framed[:, column : column + 4] = 255
    assert lines_of(framed) == ["74", "47"]


def test_blank_pictures_and_what_is_no_picture_are_rejected():
    with pytest.raises(NoInk):
        find_lines(np.full((300, 400), 255, np.uint8))
    with pytest.raises(InvalidImage):
        find_lines("picture")


@pytest.mark.parametrize(
    ("picture", "needs_opencv"),
    [("None", "False"), ("np.zeros((28, 28), np.uint8)", "True")],
    ids=["strokes", "over a test image"],
)
def test_a_number_on_a_canvas_is_found_at_its_place_and_only_a_picture_needs_opencv(picture, needs_opencv):
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
    assert (text, has_opencv) == ("74", needs_opencv)
    seven, four = ast.literal_eval(boxes)
    assert seven[2] < 280 < four[0] and 100 < four[1] < 200 < four[3] < 420


def typeset(lines: list[str]) -> Image.Image:
    page = Image.new("L", (700, 40 * len(lines) + 40), 255)
    pen = ImageDraw.Draw(page)
    for row, line in enumerate(lines):
        pen.text((30, 20 + 40 * row), line, fill=20, font=ImageFont.load_default(24))
    return page


def test_a_page_of_text_is_refused_and_one_of_numbers_is_not():
    recognizer = Recognizer(open_run(SHIPPED))
    text = ["pack my box with five dozen liquor jugs", "and sphinx of black quartz judge my vow so"] * 4
    with pytest.raises(InvalidImage, match="looks like a page of text: only .* Crop it to the numbers"):
        recognizer.predict_lines(typeset(text))
    numbers = ["31415 92653 58979", "27182 81828 45904"] * 4
    found = [line.text for line in recognizer.predict_lines(typeset(numbers))]
    wanted = [line.replace(" ", "") for line in numbers]
    assert [len(line) for line in found] == [len(line) for line in wanted]
    assert sum(a == b for a, b in zip("".join(found), "".join(wanted), strict=True)) >= 110  # of 120


def test_the_only_number_on_a_sheet_is_found_in_its_corner():
    sheet = np.full((1700, 1300), 220.0)
    digits = np.hstack([paint(SEVEN), paint(FOUR)])[::4, ::4] / 255
    sheet[40 : 40 + digits.shape[0], 60 : 60 + digits.shape[1]] *= 1 - 0.8 * digits
    noisy = sheet + np.random.default_rng(0).normal(0, 2, sheet.shape)
    assert [
        number.text for number in Recognizer.load("shipped").predict_lines(noisy.clip(0, 255).astype(np.uint8))
    ] == ["74"]


@pytest.mark.parametrize("ring", [(440, 40, 690, 290), (10, 10, 200, 200)], ids=["right", "left"])
def test_the_dark_ring_of_a_cup_hides_no_line_that_it_does_not_touch(ring):
    recognizer = Recognizer(open_run(SHIPPED))
    numbers = ["31415", "27182", "16180", "33988", "14142", "22360"]
    page = typeset([f"{'':40}{number}" for number in numbers])
    ImageDraw.Draw(page).ellipse(ring, outline=60, width=6)
    found = [line.text for line in recognizer.predict_lines(page)]
    assert found == numbers
