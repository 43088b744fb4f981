from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digit_core.errors import InvalidStrokes, NoInk
from digit_core.preprocessing.strokes import draw_strokes, without_specks
from tests.preprocessing.costs import memory_growth
from tests.resource_limits import is_quick


def far_apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).mean())


@settings(deadline=None, max_examples=40)
@given(st.floats(0.05, 50), st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_size_and_place_do_not_matter(scale, right, down):
    from scripts.benchmarks.drawings import SEVEN

    moved = [stroke * scale + (right, down) for stroke in SEVEN]
    assert far_apart(draw_strokes(moved), draw_strokes(SEVEN)) < 0.004


def test_the_pen_width_of_the_drawing_does_not_matter(seven):
    np.testing.assert_array_equal(draw_strokes(seven, 5), draw_strokes(seven, 44))


def test_order_and_direction_do_not_matter(seven):
    other = [stroke[::-1] for stroke in seven[::-1]]
    assert far_apart(draw_strokes(other), draw_strokes(seven)) < 0.004


def test_additional_points_on_the_lines_do_not_matter(seven):
    dense = [np.concatenate([np.linspace(a, b, 300) for a, b in pairwise(stroke)]) for stroke in seven]
    assert far_apart(draw_strokes(dense), draw_strokes(seven)) < 0.006


def test_points_that_are_not_finite_are_left_out(seven):
    spoilt = [
        np.vstack([[np.nan, 3], seven[0], [np.inf, -np.inf], [1e308, -1e308]]),
        seven[1],
        np.full((4, 2), np.nan),
    ]
    np.testing.assert_array_equal(draw_strokes(spoilt), draw_strokes(seven))


@pytest.mark.parametrize("strokes", [[], [np.empty((0, 2))], [np.full((3, 2), np.nan)]])
def test_an_empty_drawing_has_no_ink(strokes):
    with pytest.raises(NoInk):
        draw_strokes(strokes)


@pytest.mark.parametrize("points", [[[5, 5]], [[5, 5], [5, 5]], [[1e30, 1e30]], [[-3, 900]]])
def test_a_dot_is_a_dot_in_the_middle(points):
    image = draw_strokes([np.array(points)])
    assert image.shape == (28, 28) and np.isfinite(image).all()
    assert image[13:15, 13:15].min() > 0.9


def test_a_hundred_thousand_points_are_quick():
    angle = np.linspace(0, 200 * np.pi, 100_000)
    scribble = np.column_stack([np.cos(angle), np.sin(1.01 * angle)]) * 100
    assert is_quick(lambda: draw_strokes([scribble]), 1)


def test_many_dots_are_quick():
    dots = np.random.default_rng(0).uniform(0, 280, (5_000, 1, 2))
    assert is_quick(lambda: draw_strokes(list(dots)), 3)


@pytest.mark.parametrize("size", [1e-12, 1e12, 1e90])
def test_any_unit_works(seven, size):
    assert far_apart(draw_strokes([stroke * size for stroke in seven]), draw_strokes(seven)) < 0.004


def test_a_speck_far_away_is_dropped_and_one_close_by_is_kept(seven):
    far, near = np.array([[600.0, 600.0]]), np.array([[170.0, 90.0]])
    assert len(without_specks([*seven, far])) == 2
    assert len(without_specks([*seven, near])) == 3


def test_trembling_within_the_pen_is_a_dot(seven):
    trembling = [stroke / 100 for stroke in seven]
    np.testing.assert_array_equal(draw_strokes(trembling, pen_width=14), draw_strokes([np.zeros((1, 2))]))


_NO_STROKES = [None, 5, "abc", {}, np.array(3.0)]
_NO_POINTS = [[None], [[[10**400, 1]]], [[["1", "2"]]], [[[1, 2], [3]]], [[[1j, 2]]]]


@pytest.mark.parametrize("strokes", _NO_STROKES + _NO_POINTS)
def test_invalid_strokes_are_refused_with_a_short_message(strokes):
    with pytest.raises(InvalidStrokes, match=r"\(n, 2\)") as error:
        draw_strokes(strokes)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("pen_width", [None, "wide", [1], 10**400])
def test_a_pen_width_that_is_not_a_number_is_refused(seven, pen_width):
    with pytest.raises(InvalidStrokes, match="pen_width"):
        draw_strokes(seven, pen_width)


def test_a_million_points_take_a_moment_and_little_memory():
    rng = np.random.default_rng(0)

    def draw():
        dense = np.linspace([0.0, 0.0], [100.0, 300.0], 1_000_000)
        assert far_apart(draw_strokes([dense]), draw_strokes([dense[[0, -1]]])) < 0.006
        with pytest.raises(InvalidStrokes, match="at most"):
            draw_strokes([rng.uniform(0, 1e9, (1_000_000, 2))])
        with pytest.raises(InvalidStrokes, match="At most"):
            draw_strokes([dense[:1]] * 1_000_000)

    assert memory_growth(draw) < 200
    assert is_quick(draw, 3)


def test_a_drawing_too_small_to_be_enlarged_is_a_dot():
    assert draw_strokes([np.array([[1e-320, 0.0], [0.0, 5e-324]])])[13:15, 13:15].min() > 0.9
