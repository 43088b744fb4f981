import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digit_core.errors import NoInk
from digit_core.preprocessing.normalize import bounding_box, normalize


def centre(image: np.ndarray) -> tuple[float, float]:
    rows, columns = np.indices(image.shape) + 0.5
    return float((rows * image).sum() / image.sum()), float((columns * image).sum() / image.sum())


def test_a_solid_square_becomes_20_by_20_in_the_middle():
    ink = np.zeros((100, 300), np.float32)
    ink[10:70, 200:260] = 1
    expected = np.zeros((28, 28), np.float32)
    expected[4:24, 4:24] = 1
    np.testing.assert_allclose(normalize(ink), expected, atol=1e-5)


def test_the_aspect_is_kept():
    seen = normalize(np.ones((40, 10))) > 0.5
    assert seen.any(axis=1).sum() == 20
    assert seen.any(axis=0).sum() in (4, 5, 6)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (8, 8), (28, 28), (997, 31), (31, 997)])
def test_the_centre_of_mass_is_in_the_middle(shape):
    ink = np.random.default_rng(0).random(shape) ** 2 * 0.5 + 0.5
    assert centre(normalize(ink)) == pytest.approx((14, 14), abs=0.6 if max(shape) < 9 else 0.05)


def test_a_single_pixel_becomes_a_square():
    image = normalize(np.ones((1, 1)))
    assert image.shape == (28, 28)
    assert image[14, 14] == pytest.approx(1)
    assert image.sum() == pytest.approx(400, rel=0.01)


@settings(deadline=None, max_examples=50)
@given(
    arrays(np.float32, (23, 17), elements=st.sampled_from([0.0, 0.5, 1.0])),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_moving_does_not_change_the_normal_form(ink, down, right):
    if not ink.any():
        return
    moved = np.zeros((80, 80), np.float32)
    moved[down : down + 23, right : right + 17] = ink
    np.testing.assert_allclose(normalize(moved), normalize(ink), atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(arrays(np.bool_, (70, 64)), st.integers(2, 4))
def test_larger_pixels_do_not_change_the_normal_form(shape, times):
    ink = shape.astype(np.float32)
    if not ink.any() or max(np.ptp(np.nonzero(ink), axis=1)) < 60:
        return
    larger = np.kron(ink, np.ones((times, times), np.float32))
    np.testing.assert_allclose(normalize(larger), normalize(ink), atol=1e-4)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (10, 10)])
def test_an_empty_image_has_no_ink(shape):
    with pytest.raises(NoInk):
        normalize(np.zeros(shape))


def test_the_bounding_box_leaves_out_a_faint_halo():
    ink = np.full((30, 30), 0.1)
    ink[10:20, 5:8] = 1
    assert bounding_box(ink) == (10, 20, 5, 8)
