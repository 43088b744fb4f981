"""Cutting a line of digits into pieces and candidates."""

import numpy as np
import pytest

from digit_core.errors import InvalidImage, NoInk
from digit_core.inference.number_search import best_sequence
from digit_core.preprocessing.ink import find_line_ink
from digit_core.preprocessing.segmentation import Segmentation, segment
from scripts.benchmarks.drawings import paint

FIVE = [
    np.array([[50.0, 70.0], [45.0, 120.0], [100.0, 130.0], [100.0, 190.0], [40.0, 200.0]]),
    np.array([[52.0, 45.0], [115.0, 40.0]]),
]
ONE = [np.array([[0.0, 60.0], [0.0, 200.0]])]
RING = [np.array([[60 + 50 * np.cos(t), 130 + 70 * np.sin(t)] for t in np.linspace(0, 2 * np.pi, 40)])]
LEANING = [np.array([[90.0, 40.0], [20.0, 240.0]])]


def line(*digits) -> np.ndarray:
    """uint8 (280, w): digits side by side, each given as (strokes, where it begins)."""
    images = [paint([stroke + (x, 0) for stroke in strokes], pen=10, size=700) for strokes, x in digits]
    return np.max(images, axis=0)[:280]


def segmented(*digits) -> Segmentation:
    ink, _ = find_line_ink(line(*digits))
    return segment(ink)


def boxes(segmentation: Segmentation) -> list[tuple[int, int, int, int]]:
    return [candidate.box for candidate in segmentation.candidates]


def test_pieces_come_from_left_to_right(seven):
    pieces = segmented((ONE, 300), (seven, 0), (FIVE, 400)).pieces
    parts = list(dict.fromkeys(piece.part for piece in pieces))
    first = [min(piece.box[0] for piece in pieces if piece.part == part) for part in parts]
    assert first[0] < 200 < first[1] < 350 < first[2]


def test_a_five_and_its_bar_are_a_candidate():
    tops = [(box[0], box[1]) for box in boxes(segmented((FIVE, 0), (ONE, 200)))]
    assert min(top for left, top in tops if left < 60) < 45


def test_touching_digits_are_cut_where_they_touch():
    touching = segmented((RING, 0), (RING, 104))
    assert {piece.part for piece in touching.pieces} == {touching.pieces[0].part}
    halves = [box for box in boxes(touching) if 95 <= box[2] - box[0] <= 125]
    assert any(abs(box[2] - 112) < 10 for box in halves)
    assert any(abs(box[0] - 112) < 10 for box in halves)


def test_slanted_neighbours_that_share_columns_stay_apart():
    segmentation = segmented((LEANING, 20), (LEANING, 60), (LEANING, 100))
    assert len({piece.part for piece in segmentation.pieces}) == 3
    assert sum(candidate.first == candidate.last for candidate in segmentation.candidates) == 3


def test_a_candidate_holds_no_ink_of_its_neighbours():
    segmentation = segmented((LEANING, 20), (LEANING, 60))
    for candidate in segmentation.candidates:
        if candidate.first == candidate.last:
            left, top, right, bottom = candidate.box
            assert candidate.ink.shape == (bottom - top + 2, right - left + 2)
            assert (candidate.ink[:5].max(axis=0) > 0.5).sum() < 20


def test_dirt_is_dropped(seven):
    dirty = line((seven, 0), (ONE, 300)).copy()
    dirty[20:24, 500:504] = 255
    assert max(box[2] for box in boxes(segment(find_line_ink(dirty)[0]))) < 400


@pytest.mark.parametrize("side", [15, 40])
def test_too_many_marks_are_refused_with_a_remedy(side):
    ink = np.zeros((1000, 1000), np.float32)
    for x in range(side):
        for y in range(side):
            ink[y * 1000 // side + 2 :, x * 1000 // side + 2 :][:8, :8] = 1
    with pytest.raises(InvalidImage, match="crop it to one line of digits"):
        segment(ink)


def test_an_empty_line_has_no_ink():
    with pytest.raises(NoInk):
        segment(np.zeros((10, 10), np.float32))


def test_the_likeliest_candidates_are_chosen_and_a_dot_is_left_out():
    dot = [np.array([[0.0, 195.0], [2.0, 197.0]])]
    segmentation = segmented((RING, 0), (dot, 140), (RING, 160), (RING, 264))
    widths = np.array([box[2] - box[0] for box in boxes(segmentation)])
    heights = np.array([box[3] - box[1] for box in boxes(segmentation)])
    likeness = np.where((np.abs(widths - 111) < 12) & (heights > 120), 0.99, 0.01)  # that of a whole ring
    probabilities = np.tile(np.eye(10)[0], (len(widths), 1))
    chosen = best_sequence(segmentation, probabilities, likeness)
    assert len(chosen) == 3
    assert all(120 > one.box[2] - one.box[0] > 95 for one in chosen)


def test_where_nothing_is_like_a_digit_nothing_is_chosen():
    segmentation = segmented(([np.array([[0.0, 100.0], [60.0, 100.0]])], 20), (ONE, 200))
    only_marks = Segmentation(segmentation.pieces[:1], (), segmentation.height)
    assert best_sequence(only_marks, np.zeros((0, 10)), np.zeros(0)) == []
