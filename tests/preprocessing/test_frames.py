"""Frames and circles drawn around digits."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from digit_core import Recognizer
from digit_core.preprocessing.frames import are_frames
from scripts.benchmarks.drawings import FOUR, SEVEN, paint

_AROUND = {
    "rectangle": lambda draw, box: draw.polygon(
        [(box[0] - 7, box[1]), (box[2], box[1] + 9), (box[2] + 6, box[3]), (box[0], box[3] - 8)], outline=255, width=7
    ),
    "circle": lambda draw, box: draw.ellipse(
        (box[0] - 90, box[1] - 50, box[2] + 90, box[3] + 50), outline=255, width=7
    ),
    "rectangle that does not close": lambda draw, box: draw.line(
        [box[:2], (box[2], box[1]), box[2:], (box[0], box[3]), (box[0], box[1] + 30)], fill=255, width=7
    ),
}


def page(around, digits=(SEVEN, FOUR, SEVEN)) -> Image.Image:
    """Digits in the middle of a large sheet, and what is drawn around them, white on black."""
    number = np.hstack([paint(strokes, 18, 280) for strokes in digits])
    sheet = Image.fromarray(np.pad(number, 260))
    height, width = number.shape
    around(ImageDraw.Draw(sheet), (250, 260, 270 + width, 260 + height))
    return sheet


@pytest.mark.parametrize("shape", _AROUND)
def test_a_number_in_a_frame_is_read_without_it(shape):
    (number,) = Recognizer.load("shipped").predict_lines(page(_AROUND[shape]))
    assert number.text == "747"


@pytest.mark.parametrize("shape", _AROUND)
def test_a_one_in_a_frame_is_read_without_it(shape):
    one = [np.array([[120.0, 40.0], [112.0, 240.0]])]
    (number,) = Recognizer.load("shipped").predict_lines(page(_AROUND[shape], [one]))
    assert number.text == "1"


def test_lines_in_a_frame_are_read_one_by_one():
    line = np.hstack([paint(strokes, 18, 280) for strokes in (SEVEN, FOUR)])
    sheet = Image.fromarray(np.pad(np.vstack([line, line]), 260))
    _AROUND["rectangle"](ImageDraw.Draw(sheet), (230, 240, 290 + line.shape[1], 280 + 2 * line.shape[0]))
    assert [number.text for number in Recognizer.load("shipped").predict_lines(sheet)] == ["74", "74"]


def test_the_border_of_a_page_of_many_lines_is_left_out():
    line = np.hstack([paint(strokes, 12, 280)[::2, ::2] for strokes in (SEVEN, FOUR, SEVEN)])
    page = Image.fromarray(np.pad(np.vstack([line] * 5), 120))
    along = np.linspace(0, 1, 60)
    wave = 50 + 14 * np.sin(40 * along)  # by hand: no straight lines
    sides = [(along * page.width, wave), (page.width - wave, along * page.height)]
    sides += [(along[::-1] * page.width, page.height - wave), (wave, along[::-1] * page.height)]
    border = np.concatenate([np.column_stack(side)[3:-3] for side in sides])
    ImageDraw.Draw(page).line([*map(tuple, border), tuple(border[0])], fill=255, width=7)
    assert [number.text for number in Recognizer.load("shipped").predict_lines(page)] == ["747"] * 5


def are(ink: np.ndarray) -> list[bool]:
    labels, count = ndimage.label(ink)
    boxes = [(x.start, y.start, x.stop, y.stop) for y, x in ndimage.find_objects(labels)]
    return are_frames(labels, range(1, count + 1), boxes).tolist()


def test_a_zero_with_a_slash_is_no_frame():
    drawn = Image.new("1", (80, 100))
    draw = ImageDraw.Draw(drawn)
    draw.ellipse((10, 5, 70, 95), outline=1, width=6)
    draw.line([(30, 70), (50, 30)], fill=1, width=5)
    assert are(np.asarray(drawn)) == [False, False]


def test_a_part_with_ink_in_its_middle_is_no_frame():
    ink = np.zeros((60, 100), bool)
    ink[[5, 55], 5:95] = ink[5:56, [5, 94]] = True
    ink[20:40, 20:25] = ink[20:40, 75:80] = True
    assert are(ink) == [True, False, False]
    ink[5:56, 50] = True
    assert are(ink)[0] is False


def test_no_parts_are_no_frames():
    assert are(np.zeros((5, 5), bool)) == []
