import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_core.evaluation.distortions import (
    DISTORTIONS,
    blur,
    distorted,
    noise,
    pen_width,
    rotation,
    scale,
    shear,
    shift,
)


def bar(left=13, right=15, top=6, bottom=22) -> np.ndarray:
    """One picture with an upright bar."""
    image = np.zeros((1, 28, 28), np.float32)
    image[0, top:bottom, left:right] = 1
    return image


def middle(image: np.ndarray) -> tuple[float, float]:
    """Centre of mass (x, y) in pixels, from the picture's middle."""
    at = np.arange(28) - 13.5
    return float(image.sum(0) @ at / image.sum()), float(image.sum(1) @ at / image.sum())


@pytest.mark.parametrize("kind", DISTORTIONS.values(), ids=DISTORTIONS)
def test_each_distortion_keeps_shape_dtype_and_range_and_its_neutral_strength_changes_nothing(kind):
    images = np.random.default_rng(0).random((3, 28, 28), dtype=np.float32)
    assert kind.apply(images, kind.neutral) == pytest.approx(images, abs=1e-6)
    assert kind.neutral in kind.strengths
    assert list(kind.strengths) == sorted(set(kind.strengths))
    for strength in kind.strengths:
        changed = kind.apply(images, strength)
        assert changed.shape == images.shape
        assert changed.dtype == np.float32
        assert changed.min() >= 0
        assert changed.max() <= 1 + 1e-6
        if strength != kind.neutral:
            assert np.abs(changed - images).max() > 0.01


@pytest.mark.parametrize("kind", DISTORTIONS.values(), ids=DISTORTIONS)
def test_an_image_is_distorted_alike_alone_and_in_a_batch(kind):
    images = np.concatenate([bar(), bar(5, 8), bar(10, 20, 10, 13)])
    if kind.name == "noise":  # which is another for every image
        assert (noise(images, 0.2)[0] == noise(images[:1], 0.2)[0]).all()
        return
    together = kind.apply(images, kind.strengths[-1])
    alone = np.concatenate([kind.apply(image[None], kind.strengths[-1]) for image in images])
    assert together == pytest.approx(alone, abs=1e-5)


def test_a_quarter_turn_clockwise_is_numpys():
    image = bar(16, 18, 4, 12)
    assert rotation(image, 90)[0] == pytest.approx(np.rot90(image[0], -1), abs=1e-6)
    assert rotation(image, -90)[0] == pytest.approx(np.rot90(image[0]), abs=1e-6)


@given(st.integers(-8, 8))
def test_whole_pixels_move_whole_pixels(pixels):
    assert shift(bar(), pixels)[0] == pytest.approx(bar(13 + pixels, 15 + pixels)[0], abs=1e-6)


def test_half_a_pixel_moves_the_centre_by_half_a_pixel():
    x, y = middle(shift(bar(), 0.5)[0])
    assert (x, y) == pytest.approx((0.5, 0), abs=1e-5)


def test_ink_that_leaves_the_image_is_lost():
    assert shift(bar(), 20).sum() == 0


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_size_changes_both_sides_by_the_factor(factor):
    image = bar(11, 17, 10, 18)
    changed = scale(image, factor)
    assert changed.sum() == pytest.approx(image.sum() * factor**2, rel=0.02)
    assert middle(changed[0]) == pytest.approx((0, 0), abs=1e-5)


def test_a_slanted_bar_leans_to_the_right():
    leaning = shear(bar(), 20)[0]
    top, foot = middle_of_rows(leaning, 6, 9), middle_of_rows(leaning, 19, 22)
    assert top - foot == pytest.approx(13 * np.tan(np.deg2rad(20)), abs=0.1)


def middle_of_rows(image: np.ndarray, first: int, last: int) -> float:
    rows = image[first:last].sum(0)
    return float(rows @ np.arange(28) / rows.sum())


@pytest.mark.parametrize("pixels", [-2, -1, 1, 2, 3])
def test_a_wider_pen_widens_strokes_by_as_many_pixels(pixels):
    changed = pen_width(bar(12, 16), pixels)[0]
    assert changed[14].sum() == pytest.approx(4 + pixels, abs=0.3)


def test_strokes_thinner_than_the_reduction_vanish():
    assert pen_width(bar(13, 15), -2.5).max() < 0.2
    assert pen_width(np.zeros((1, 28, 28), np.float32), 2).sum() == 0


def test_noise_has_its_deviation_and_is_the_same_every_time():
    grey = np.full((50, 28, 28), 0.5, np.float32)
    assert (noise(grey, 0.1) - grey).std() == pytest.approx(0.1, rel=0.02)
    assert (noise(grey, 0.1) == noise(grey, 0.1)).all()


def test_blur_keeps_the_ink_and_spreads_it_by_sigma():
    dot = np.zeros((1, 28, 28), np.float32)
    dot[0, 14, 14] = 1
    soft = blur(dot, 2)[0]
    assert soft.sum() == pytest.approx(1, abs=0.01)
    spread = soft.sum(0) @ (np.arange(28) - 14) ** 2
    assert spread == pytest.approx(4, rel=0.05)


def test_several_distortions_are_applied_in_turn_and_neutral_ones_change_nothing():
    neutral = {name: kind.neutral for name, kind in DISTORTIONS.items()}
    assert distorted(bar(), neutral) == pytest.approx(bar(), abs=1e-6)
    both = distorted(bar(), {**neutral, "shift": 3, "pen_width": 2})
    assert both == pytest.approx(shift(pen_width(bar(), 2), 3), abs=1e-6)
