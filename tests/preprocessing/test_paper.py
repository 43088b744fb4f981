"""Photos and scans: uneven light, faint ink, frames, ruled lines, neighbours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from digit_core import Recognizer
from digit_core.errors import NoInk
from digit_core.preprocessing.ink import find_ink, find_line_ink
from digit_core.preprocessing.ruled_lines import without_lines
from scripts.benchmarks.drawings import paint

SIDE = 128


def photo(ink: np.ndarray, *, dark: float = 0.5, light: float = 180.0, seed: int = 0) -> np.ndarray:
    """uint8 (h, w, 3): ink (h, w), 0 to 1, on grainy paper whose light falls off to the right."""
    rng = np.random.default_rng(seed)
    fall = np.linspace(1, 0.6, ink.shape[1])[None]
    plane = light * fall * (1 - dark * ink) + rng.normal(0, 2, ink.shape)
    return np.repeat(plane.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture
def digit(seven) -> np.ndarray:
    """A seven in the middle of a cell: (128, 128), 0 to 1."""
    image = Image.fromarray(paint(seven, pen=16)).resize((64, 64), Image.Resampling.BOX)
    cell = np.zeros((SIDE, SIDE), np.float32)
    cell[30:94, 34:98] = np.asarray(image) / 255
    return cell


def framed(cell: np.ndarray) -> np.ndarray:
    """With the borders of the cell, at a slight angle."""
    cell = cell.copy()
    for x in range(SIDE):
        cell[max(6 + x // 40, 0) : 10 + x // 40, x] = 1
        cell[x, 118 - x // 50 : 123 - x // 50] = 1
    return cell


def overlap(found: np.ndarray, wanted: np.ndarray) -> float:
    """Intersection over union of two inks."""
    a, b = found > 0.5, wanted > 0.5
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("dark", [0.15, 0.5, 0.9])
def test_ink_is_found_under_uneven_light_from_faint_to_black(digit, dark):
    assert overlap(find_ink(photo(digit, dark=dark), single=True), digit) > 0.6


def with_shadow(picture: np.ndarray, strength: float, along: tuple[float, float]) -> np.ndarray:
    """A picture uint8 (h, w, 3), half of it in a shadow whose edge runs through the middle, across `along`."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width]
    away = (x - width / 2) * along[0] + (y - height / 2) * along[1]
    light = 1 - strength + strength / (1 + np.exp(-away / 2))
    return (picture * light[..., None]).astype(np.uint8)


@pytest.mark.parametrize("along", [(1, 0), (0.8, 0.6), (0, 1)])
@pytest.mark.parametrize("strength", [0.3, 0.6])
def test_the_sharp_edge_of_a_shadow_is_no_ink(digit, seven, strength, along):
    assert overlap(find_ink(with_shadow(photo(digit), strength, along), single=True), digit) > 0.6
    number = np.zeros((140, 400), np.float32)
    for left in (20, 150, 280):
        number[20:120, left : left + 100] = (
            np.asarray(Image.fromarray(paint(seven, pen=16)).resize((100, 100), Image.Resampling.BOX)) / 255
        )
    sheet = with_shadow(photo(np.pad(number, 100)), strength, along)
    assert [line.text for line in Recognizer.load("shipped").predict_lines(sheet)] == ["777"]


def test_the_frame_and_the_neighbour_are_no_part_of_the_digit(digit):
    cell = framed(digit)
    cell[100:, 30:50] = 1  # the top of what stands in the cell below
    found = find_ink(photo(cell), single=True)
    assert overlap(found, digit) > 0.6
    assert found[:14].max() == 0
    assert found[100:].max() == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_blank_cell_has_no_ink_with_or_without_frame(seed):
    empty = np.zeros((SIDE, SIDE), np.float32)
    for cell in (empty, framed(empty)):
        with pytest.raises(NoInk, match="contrast"):
            find_ink(photo(cell, seed=seed), single=True)


def test_chalk_on_a_board_is_ink(digit):
    board = 255 - photo(digit, dark=0.7)
    assert overlap(find_ink(board, single=True), digit) > 0.6


def test_a_ruled_line_below_a_number_is_left_out(seven):
    strokes = [points / 4 + (x, 0) for x in (10, 70, 130) for points in seven]
    image = Image.new("L", (220, 80))
    image.paste(Image.fromarray(paint(strokes, pen=5, size=220)).crop((0, 0, 220, 80)))
    ink = np.asarray(image, np.float32) / 255
    ruled = ink.copy()
    ruled[74:77] = 1
    found, enlarged = find_line_ink(photo(ruled))
    assert enlarged == 1
    assert found[74:].max() == 0
    assert overlap(found, ink) > 0.6


def test_a_one_as_high_as_the_picture_is_no_upright_line():
    ink = np.zeros((80, 240), np.float32)
    ink[1:79, 36:43] = 1
    ink[1:79, 200:207] = 1
    found, _ = find_line_ink(photo(ink))
    assert overlap(found, ink) > 0.6


def test_the_sides_of_a_frame_around_a_number_are_left_out():
    ink = np.zeros((80, 240), np.float32)
    ink[12:68, 100:107] = 1
    framed = ink.copy()
    framed[:, 2:5] = framed[:, 235:238] = 1
    found, _ = find_line_ink(photo(framed))
    assert overlap(found, ink) > 0.6
    assert max(found[:, :8].max(), found[:, 232:].max()) < 0.5


def test_a_line_full_of_blurred_ink_is_not_taken_for_grain():
    ink = np.zeros((80, 240), np.float32)
    for left in range(10, 230, 25):
        ink[8:72, left : left + 12] = 1
    blurred = ndimage.gaussian_filter(ink, 4.0)
    found, _ = find_line_ink(photo(blurred, dark=0.4))
    assert overlap(found, ink) > 0.5


LINES = st.tuples(st.integers(30, 90), st.integers(-8, 8), st.integers(1, 5))


@settings(max_examples=40, deadline=None)
@given(LINES)
def test_a_line_through_a_stroke_is_erased_and_the_stroke_stays(drawn):
    y, tilt, thick = drawn
    stroke = np.zeros((SIDE, SIDE), bool)
    stroke[10:118, 60:67] = True
    line = np.zeros_like(stroke)
    for x in range(SIDE):
        line[y + tilt * x // SIDE :, x][:thick] = True
    left = without_lines(stroke | line, across=0.7, margin=0.5, sides=0.3)
    assert (left & stroke).sum() >= 0.98 * stroke.sum()
    assert (left & line & ~stroke)[:, np.r_[0:55, 72:SIDE]].sum() <= 0.02 * line.sum()


@settings(max_examples=40, deadline=None)
@given(st.integers(20, 100), st.integers(2, 9))
def test_a_bar_that_does_not_cross_the_picture_is_no_line(y, thick):
    bar = np.zeros((SIDE, SIDE), bool)
    bar[y : y + thick, 30:100] = True
    assert (without_lines(bar, across=0.93, margin=0.3, sides=0.3) == bar).all()
