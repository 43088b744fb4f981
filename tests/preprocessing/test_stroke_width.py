"""Strokes of any pen come to MNIST's width with the parts and holes that they had."""

import itertools

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from digit_core.preprocessing.stroke_width import distances, to_mnist_stroke_width, without_specks
from digit_core.preprocessing.topology import keep_topology, parts_and_holes

SIZE = 80  # pixels: the working size, so that nothing is resampled before the width changes


def brush(lines, noise=0.0, seed=0):
    """Lines of (row, column, radius) -> bool (SIZE, SIZE) that touches all four sides of its frame."""
    y, x = np.indices((SIZE, SIZE), sparse=True)
    shape = np.zeros((SIZE, SIZE), bool)
    for line in lines:
        for (r0, c0, w0), (r1, c1, w1) in itertools.pairwise(line):
            for t in np.linspace(0, 1, 60):
                row, column, radius = r0 + t * (r1 - r0), c0 + t * (c1 - c0), w0 + t * (w1 - w0)
                shape |= (y - row) ** 2 + (x - column) ** 2 <= radius**2
    if noise:
        grain = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((SIZE, SIZE)), 1.2)
        shape = ndimage.gaussian_filter(shape.astype(float), 1) + noise * grain > 0.5
    shape[:2, :2] = shape[-2:, -2:] = True  # so the bounding box is the frame
    return shape


points = st.tuples(st.floats(8, 72), st.floats(8, 72), st.floats(0.8, 14))
lines = st.lists(st.lists(points, min_size=2, max_size=5), min_size=1, max_size=3)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lines=lines, noise=st.sampled_from([0.0, 0.4, 1.0]), seed=st.integers(0, 99))
def test_any_pen_keeps_its_parts_and_holes(lines, noise, seed):
    shape = brush(lines, noise, seed)
    result = to_mnist_stroke_width(shape.astype(np.float32))
    kept = without_specks(without_specks(shape.astype(np.float32))) > 0.5
    # Without a corner that was a speck, the rest is enlarged to the working size, in which marks of a pixel may touch.
    assume(kept[0, 0] and kept[-1, -1])
    assert parts_and_holes(result > 0.5) == parts_and_holes(kept)


def hourglass(thin):
    """Two discs of radius 16, joined by a bar `thin` pixels high."""
    shape = brush([[(40, 18, 16), (40, 18, 16)], [(40, 62, 16), (40, 62, 16)]])
    shape[:2, :2] = shape[-2:, -2:] = False
    shape[40 - thin // 2 : 40 - thin // 2 + thin, 18:62] = True
    return shape


def test_a_thin_part_stays_as_thick_as_it_was():
    shape = hourglass(4)
    inside = ndimage.distance_transform_edt(shape)
    ink = np.clip(inside - 5, 0, 1).astype(np.float32)
    assert parts_and_holes(ink > 0.5) == (2, 0)
    result = keep_topology(ink, shape, inside) > 0.5
    assert parts_and_holes(result) == (1, 0)
    assert result[:, 40].sum() >= 3
    assert result[:, 18].sum() < shape[:, 18].sum() - 8  # the rest is thinned all the same


def test_a_gap_stays_open():
    shape = np.zeros((SIZE, SIZE), bool)
    shape[20:60, 20:30] = shape[20:60, 34:44] = True
    outside = ndimage.distance_transform_edt(~shape)
    ink = np.clip(5 - outside, 0, 1).astype(np.float32)
    assert parts_and_holes(ink > 0.5) == (1, 0)
    result = keep_topology(ink, shape, outside) > 0.5
    assert parts_and_holes(result) == (2, 0)
    assert not result[22:58, 31:33].any()


def test_a_small_hole_stays_open():
    shape = brush([[(40, 40, 30), (40, 40, 30)]]) & ~brush([[(40, 40, 3), (40, 40, 3)]])
    shape[:2, :2] = shape[-2:, -2:] = False
    outside = ndimage.distance_transform_edt(~shape)
    result = keep_topology(np.clip(5 - outside, 0, 1).astype(np.float32), shape, outside) > 0.5
    assert parts_and_holes(result) == (1, 1)


def test_ink_that_keeps_its_parts_is_returned_as_it_is():
    shape = brush([[(20, 20, 8), (60, 60, 8)]])
    inside = ndimage.distance_transform_edt(shape)
    ink = np.clip(inside - 1, 0, 1).astype(np.float32)
    ink[ink < 0.5] *= 0.5
    assert keep_topology(ink, shape, inside) is ink


@settings(max_examples=50, deadline=None)
@given(lines=lines, noise=st.sampled_from([0.0, 1.0]), seed=st.integers(0, 99))
def test_distances_are_exact(lines, noise, seed):
    shape = np.pad(brush(lines, noise, seed), 1)
    np.testing.assert_array_equal(distances(shape), ndimage.distance_transform_edt(shape))
