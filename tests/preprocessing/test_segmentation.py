import numpy as np
import pytest

from digit_core.errors import InvalidImage, NoInk
from digit_core.preprocessing.ink import find_ink
from digit_core.preprocessing.segmentation import merge_fragments, split_line
from scripts.benchmarks.drawings import paint

FIVE = [
    np.array([[50.0, 70.0], [45.0, 120.0], [100.0, 130.0], [100.0, 190.0], [40.0, 200.0]]),
    np.array([[52.0, 45.0], [115.0, 40.0]]),
]
ONE = [np.array([[0.0, 60.0], [0.0, 200.0]])]


def line(*digits) -> np.ndarray:
    """uint8 (280, w): digits side by side, each given as (strokes, where it begins)."""
    images = [paint([stroke + (x, 0) for stroke in strokes], pen=10, size=700) for strokes, x in digits]
    return np.max(images, axis=0)[:280]


def test_digits_come_from_left_to_right(seven):
    pieces = split_line(find_ink(line((ONE, 300), (seven, 0), (FIVE, 400))))
    assert [piece.box[0] for piece in pieces] == sorted(piece.box[0] for piece in pieces)
    assert len(pieces) == 3


def test_a_five_keeps_its_bar():
    pieces = split_line(find_ink(line((FIVE, 0), (ONE, 200), (FIVE, 300))))
    assert len(pieces) == 3
    assert pieces[0].box[1] < 45


def test_slanted_neighbours_that_share_columns_stay_apart():
    leaning = [np.array([[90.0, 40.0], [20.0, 240.0]])]
    pieces = split_line(find_ink(line((leaning, 20), (leaning, 60), (leaning, 100))))
    assert len(pieces) == 3


def test_a_piece_holds_no_ink_of_its_neighbours():
    leaning = [np.array([[90.0, 40.0], [20.0, 240.0]])]
    pieces = split_line(find_ink(line((leaning, 20), (leaning, 60))))
    for piece in pieces:
        left, top, right, bottom = piece.box
        assert piece.ink.shape == (bottom - top, right - left)
        assert (piece.ink[:5].max(axis=0) > 0.5).sum() < 20


def test_dirt_is_dropped(seven):
    dirty = line((seven, 0), (ONE, 300)).copy()
    dirty[20:24, 500:504] = 255
    assert len(split_line(find_ink(dirty))) == 2


def marks(across: int, down: int) -> np.ndarray:
    """float32 (1000, 1000): so many squares in rows and columns."""
    ink = np.zeros((1000, 1000), np.float32)
    for x in range(across):
        for y in range(down):
            ink[y * 1000 // down + 2 :, x * 1000 // across + 2 :][:8, :8] = 1
    return ink


def test_many_marks_above_one_another_are_one_digit():
    assert [piece.box for piece in split_line(marks(2, 90))] == [(2, 2, 10, 998), (502, 2, 510, 998)]


@pytest.mark.parametrize("side", [15, 40])
def test_too_many_marks_are_refused_with_a_remedy(side):
    with pytest.raises(InvalidImage, match="crop it to one line of digits"):
        split_line(marks(side, side))


def test_an_empty_line_has_no_ink():
    with pytest.raises(NoInk):
        split_line(np.zeros((10, 10), np.float32))


def test_parts_that_are_a_digit_only_together_are_joined():
    hook = [np.array([[20.0, 60.0], [10.0, 150.0], [70.0, 150.0]])]
    pieces = split_line(find_ink(line((hook, 20), (ONE, 115), (ONE, 300))))
    assert len(pieces) == 3
    widest = max(piece.ink.shape[1] for piece in pieces)
    joined = merge_fragments(pieces, lambda ink: float(ink.shape[1] > widest))
    assert len(joined) == 2
    assert joined[0].box == (*pieces[0].box[:2], *pieces[1].box[2:])
    assert joined[0].ink.sum() == pytest.approx(pieces[0].ink.sum() + pieces[1].ink.sum(), rel=0.01)


def test_digits_that_stand_alone_are_not_joined(seven):
    pieces = split_line(find_ink(line((seven, 0), (ONE, 190))))
    assert merge_fragments(pieces, lambda ink: 1.0) == pieces
