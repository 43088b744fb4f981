"""Grouping the strokes of a drawn number into candidates for its digits."""

import numpy as np
import pytest

from digit_core import NoInk
from digit_core.preprocessing.stroke_groups import group_strokes, rows_of

ONE = [np.array([[0.0, 40.0], [0.0, 240.0]])]
RING = [np.array([[50 + 50 * np.cos(t), 140 + 100 * np.sin(t)] for t in np.linspace(0, 2 * np.pi, 40)])]
TWO_LOOPS = [np.array([[40 + 40 * np.cos(t), y + 50 * np.sin(t)] for t in np.linspace(0, 7, 40)]) for y in (90, 190)]


def moved(strokes, x: float) -> list[np.ndarray]:
    return [stroke + (x, 0) for stroke in strokes]


def spans(strokes) -> list[tuple[int, int]]:
    return [(candidate.first, candidate.last) for candidate in group_strokes(strokes, 10.0).candidates]


def test_strokes_come_from_left_to_right_whatever_their_order(seven):
    drawn = [*moved(RING, 300), *moved(ONE, 20), *moved(seven, 80)]
    pieces = group_strokes(drawn, 10.0).pieces
    lefts = [piece.box[0] for piece in pieces]
    assert lefts == sorted(lefts)
    assert pieces[0].box == (15, 35, 25, 245)


def test_digits_that_overlap_are_candidates_by_themselves():
    assert {(0, 0), (1, 1)} <= set(spans([*RING, *moved(RING, 90)]))


def test_the_strokes_of_one_digit_are_a_candidate_together(four):
    bar = np.array([[150.0, 40.0], [260.0, 40.0]])
    assert spans(four) == [(0, 0)]
    assert (0, 1) in spans([*four, bar])


def test_strokes_above_each_other_are_never_two_digits():
    assert spans([*moved(TWO_LOOPS, 0), *moved(ONE, 150)]) == [(0, 0), (1, 1)]


def test_digits_far_from_each_other_are_never_one():
    assert (0, 1) not in spans([*ONE, *moved(ONE, 80)])


def test_leaning_digits_are_told_apart():
    leaning = [stroke + np.outer(240 - stroke[:, 1], (0.6, 0)) for stroke in (*ONE, *moved(ONE, 60)[:1])]
    boxes = [piece.box for piece in group_strokes(leaning, 10.0).pieces]
    assert boxes[0][2] > boxes[1][0], "they overlap as boxes"
    assert {(0, 0), (1, 1)} <= set(spans(leaning))


@pytest.mark.parametrize("drawn", [[np.array([[0.0, 0.0], [900.0, 30.0], [0.0, 60.0]])], ONE * 61])
def test_strokes_that_are_no_digits_by_themselves_have_to_be_cut(drawn):
    assert group_strokes(drawn, 10.0) is None


def test_dots_and_points_that_are_not_finite_do_no_harm():
    grouped = group_strokes([np.array([[5.0, 5.0]]), np.array([[np.nan, 1.0], [60.0, 5.0]])], 10.0)
    assert len(grouped.pieces) == 2
    with pytest.raises(NoInk):
        group_strokes([np.array([[np.nan, 1.0]])], 10.0)


def lower(strokes, y: float) -> list[np.ndarray]:
    return [stroke + (0, y) for stroke in strokes]


def test_rows_of_numbers_come_from_top_to_bottom_whatever_their_order():
    upper, below = [*ONE, *moved(RING, 40)], lower([*moved(ONE, 30), *moved(ONE, 80)], 240)
    found = rows_of([*below, *upper], 10.0)
    assert [sorted(stroke[0, 0] for stroke in row) for row in found] == [[0, 140], [30, 80]]


@pytest.mark.parametrize(
    "strokes",
    [
        [*RING, *lower(RING, 240)],
        [*moved(RING, 60), *moved(ONE, 200), np.array([[20.0, 10.0], [180.0, 12.0]])],
        [*ONE, *moved(lower(ONE, 150), 60)],
    ],
    ids=["an eight in two rings", "a bar above", "a step"],
)
def test_what_is_not_clearly_several_rows_is_one(strokes):
    assert len(rows_of(strokes, 10.0)) == 1
