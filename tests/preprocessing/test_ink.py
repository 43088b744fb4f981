import numpy as np
import pytest
from PIL import Image

from digit_core.errors import InvalidImage, NoInk
from digit_core.preprocessing.grayscale import as_rgb
from digit_core.preprocessing.ink import find_ink
from digit_core.preprocessing.normalize import normalize
from digit_core.preprocessing.stroke_width import to_mnist_stroke_width
from digit_core.preprocessing.strokes import draw_strokes
from scripts.benchmarks.drawings import paint
from tests.resource_limits import is_quick


def read(image) -> np.ndarray:
    return normalize(to_mnist_stroke_width(find_ink(image)))


def assert_same(image, strokes, tolerance: float = 0.025) -> None:
    assert np.abs(read(image) - draw_strokes(strokes)).mean() < tolerance


def coloured(shape: np.ndarray, ink, paper) -> np.ndarray:
    part = shape[..., None] / 255
    return (part * np.array(ink) + (1 - part) * np.array(paper)).astype(np.uint8)


@pytest.mark.parametrize("pen", [5, 10, 14, 22, 30])
def test_a_picture_normalizes_like_its_strokes(four, pen):
    assert_same(paint(four, pen), four)


def test_polarity_does_not_matter(four):
    picture = paint(four)
    assert np.abs(read(255 - picture) - read(picture)).mean() < 0.002


@pytest.mark.parametrize("side", [60, 140, 560, 1400])
def test_size_does_not_matter(four, side):
    assert_same(np.asarray(Image.fromarray(paint(four)).resize((side, side))), four)


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ((0, 0, 200), (255, 255, 255)),
        ((250, 240, 60), (255, 255, 255)),
        ((200, 30, 30), (30, 120, 30)),
        ((255, 255, 255), (20, 60, 30)),
        ((120, 120, 120), (160, 160, 160)),
    ],
)
def test_any_ink_on_any_paper(four, ink, paper):
    assert_same(coloured(paint(four), ink, paper), four)


@pytest.mark.parametrize(
    ("ink", "paper"),
    [((0, 0, 255), (255, 255, 255)), ((0, 255, 255), (255, 255, 255)), ((255, 255, 0), (0, 0, 0))],
)
@pytest.mark.parametrize("left", [70, 330, 610, 730])
def test_coloured_ink_is_found_anywhere_on_a_large_picture(ink, paper, left):
    one = np.zeros((1000, 1000), np.uint8)
    one[200:800, left : left + 40] = 255
    found = find_ink(coloured(one, ink, paper))
    assert (found[200:800, left : left + 40] == 1).all()
    assert found.sum() == 600 * 40


def test_a_shadow_across_the_paper(four):
    rng = np.random.default_rng(0)
    light = np.linspace(0.35, 1.0, 280)[None, :] * np.linspace(0.7, 1.0, 280)[:, None]
    photo = (1 - 0.75 * paint(four) / 255) * light * 230 + rng.normal(0, 3, (280, 280))
    assert_same(np.clip(photo, 0, 255).astype(np.uint8), four, tolerance=0.04)


def test_the_hard_edge_of_a_shadow(four):
    light = np.where(np.arange(280) < 150, 0.55, 1.0)[None, :]
    photo = (1 - 0.8 * paint(four) / 255) * light * 240
    assert np.abs(read(photo.astype(np.uint8)) - draw_strokes(four)).mean() < 0.08


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (255, 200, 0)])
def test_ink_on_a_transparent_layer(four, colour):
    picture = np.empty((280, 280, 4), np.uint8)
    picture[..., :3] = colour
    picture[..., 3] = paint(four)
    assert_same(picture, four)


def test_a_sheet_with_transparent_corners(four):
    picture = np.dstack([255 - paint(four)] * 3 + [np.full((280, 280), 255, np.uint8)])
    picture[:30, :30, 3] = 0
    assert_same(picture, four)


BY_WAY_OF = {"La": "LA", "PA": "P", "RGBa": "RGBA", "YCbCr": "RGB", "HSV": "RGB"}  # Pillow knows no direct way
KINDS = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "LAB", "I", "F", "I;16", "I;16B", *BY_WAY_OF]


@pytest.mark.parametrize("mode", KINDS)
@pytest.mark.parametrize("side", [280, 1400])
def test_every_kind_of_picture(four, mode, side):
    grey = Image.fromarray(255 - paint(four)).resize((side, side))
    if mode.startswith("I;16"):
        levels = np.asarray(grey).astype(">u2" if mode.endswith("B") else "<u2")
        levels *= 200
        picture = Image.frombytes(mode, grey.size, levels.tobytes())
    elif mode == "LAB":
        picture = Image.merge(mode, [grey, *[Image.new("L", grey.size, 128)] * 2])
    else:
        picture = grey.convert(BY_WAY_OF.get(mode, mode)).convert(mode)
    assert_same(picture, four, tolerance=0.03)


def test_floats_of_any_size_are_levels(four):
    assert_same(Image.fromarray((paint(four) / 255 * 6e38 - 3e38).astype(np.float32)), four)


@pytest.mark.parametrize(("ink", "paper"), [((0, 0, 0), 255), ((255, 255, 255), 0), ((250, 240, 60), 0)])
def test_a_transparent_layer_is_shown_on_its_assumed_paper(four, ink, paper):
    layer = Image.new("RGBA", (280, 280), ink)
    layer.putalpha(Image.fromarray(paint(four)))
    shown = np.asarray(as_rgb(layer))
    assert (shown[0, 0] == paper).all()
    assert (shown[150, 100] == ink).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "La", "RGB", "CMYK", "I", "F", "I;16"])
def test_every_kind_of_picture_can_be_shown(four, mode):
    grey = Image.fromarray(255 - paint(four)).convert(BY_WAY_OF.get(mode, "L"))
    picture = grey.convert(mode) if mode != "I;16" else Image.fromarray(np.asarray(grey).astype(np.uint16) * 200)
    shown = np.asarray(as_rgb(picture)).astype(int)
    assert np.abs(shown - (255 - paint(four).astype(int))[..., None]).mean() < 6


@pytest.mark.parametrize("level", [0, 1, 128, 254, 255])
@pytest.mark.parametrize("shape", [(1, 1), (280, 280), (3, 500), (40, 40, 3), (40, 40, 4)])
def test_a_blank_picture_has_no_ink(level, shape):
    with pytest.raises(NoInk):
        find_ink(np.full(shape, level, np.uint8))


def test_grain_is_not_ink():
    with pytest.raises(NoInk):
        find_ink(np.random.default_rng(0).normal(200, 4, (280, 280)).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((5, 5)),
        np.zeros((5, 5, 2), np.uint8),
        np.zeros((0, 5), np.uint8),
        np.zeros(9, np.uint8),
        np.zeros((2, 2, 2, 3), np.uint8),
        [[0, 255]],
        None,
        Image.new("L", (0, 0)),
    ],
)
def test_what_is_not_a_picture_is_refused(image):
    with pytest.raises(InvalidImage):
        find_ink(image)


def test_a_hundred_million_pixels(four):
    large = np.kron(paint(four), np.ones((36, 36), np.uint8))[:10_000, :10_000]
    assert is_quick(lambda: assert_same(large, four), 3)


@pytest.mark.parametrize("spot", [(140, 140), (0, 0), (279, 5)])
def test_one_dot_has_a_model_input(spot):
    canvas = np.zeros((280, 280), np.uint8)
    canvas[spot] = 255
    assert read(canvas).shape == (28, 28)


def test_a_canvas_nearly_full_of_ink_has_a_model_input():
    canvas = np.full((280, 280), 255, np.uint8)
    canvas[100:110, 100:110] = 0
    assert np.isfinite(read(canvas)).all()


def test_dirt_far_from_the_digit_is_dropped(four):
    small = [stroke * 0.4 for stroke in four]
    dirty = paint(small, pen=8).copy()
    dirty[270:273, 270:273] = 255
    assert_same(dirty, small)


def test_many_equal_specks_are_all_kept():
    cell = np.full((30, 30), 255, np.uint8)
    cell[10:20, 10:20] = 0
    assert np.count_nonzero(read(np.tile(cell, (10, 10)))) > 100


@pytest.mark.parametrize("invert", [False, True])
def test_a_small_picture_on_flat_paper_keeps_its_soft_edges(seven, invert):
    """Most of such ink is soft edge, as in MNIST's own images; it is not the grain of a photo's paper."""
    model_input = np.rint(draw_strokes(seven) * 255).astype(np.uint8)
    ink = find_ink(255 - model_input if invert else model_input)
    assert np.abs(ink - model_input / 255).mean() < 0.03


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("kind", ["array", "Pillow", "float plane"])
def test_a_single_digits_ink_is_that_of_the_whole_picture_without_the_paper_around_it(seven, invert, kind):
    picture = 255 - paint(seven) if invert else paint(seven)
    if kind == "Pillow":
        picture = Image.fromarray(picture)
    elif kind == "float plane":  # of colours, which are converted
        picture = np.dstack([picture] * 3)
    whole, single = find_ink(picture), find_ink(picture, single=True)
    rows, columns = np.nonzero(whole)
    np.testing.assert_array_equal(single, whole[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])
