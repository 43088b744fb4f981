"""Cutting a line of digits into pieces and candidates."""

import numpy as np
import pytest

from digit_core.errors import InvalidImage, NoInk
from digit_core.inference.number_search import best_sequence
from digit_core.preprocessing.ink import find_line_ink
from digit_core.preprocessing.segmentation import Candidate, Piece, Segmentation, segment
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


def test_a_part_too_broad_for_a_digit_is_cut_even_where_its_strokes_are_thick():
    solid = np.zeros((100, 260), np.float32)
    solid[20:80, 10:130] = solid[20:80, 170:195] = 1  # as two digits of a thick pen, grown together
    solid[20:24, 65:75] = 0
    segmentation = segment(solid)
    assert len([piece for piece in segmentation.pieces if piece.part == 0]) == 2
    assert {(0, 0), (1, 1)} <= {(one.first, one.last) for one in segmentation.candidates}


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
    with pytest.raises(InvalidImage, match="Crop it to one line of digits"):
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


def bar(x: int, top: int, bottom: int, width: int, part: int) -> Piece:
    """A filled rectangle as a piece."""
    y, columns = (axis.ravel() for axis in np.mgrid[top:bottom, x : x + width])
    return Piece(y, columns, part)


def candidates(pieces: tuple[Piece, ...], spans: list[tuple[int, int]]) -> tuple[Candidate, ...]:
    """Candidates from the first to the last of the spans of pieces."""
    found = []
    for first, last in spans:
        own = np.array([piece.box for piece in pieces[first : last + 1]])
        box = (*own[:, :2].min(0).tolist(), *own[:, 2:].max(0).tolist())
        found.append(Candidate(first, last, box, np.ones((1, 1), np.float32)))
    return tuple(found)


def test_the_tip_of_a_seven_stays_with_it_rather_than_with_the_eight_beside_it():
    pieces = (bar(0, 0, 100, 50, part=1), bar(45, 0, 10, 15, part=2), bar(60, 0, 100, 15, part=2))
    spans = [(0, 0), (0, 1), (1, 2), (2, 2)]
    segmentation = Segmentation(pieces, candidates(pieces, spans), 100.0)
    eight, seven = np.eye(10)[8], np.eye(10)[7]
    likeness = np.array([0.9, 0.99, 0.9, 0.99])  # without its tip, a seven is a perfect one
    chosen = best_sequence(segmentation, np.array([eight, eight, seven, np.eye(10)[1]]), likeness)
    assert [(one.first, one.last) for one in chosen] == [(0, 0), (1, 2)]


def test_digits_that_touch_are_cut():
    pieces = (bar(0, 0, 100, 50, part=1), bar(50, 0, 100, 50, part=1))
    segmentation = Segmentation(pieces, candidates(pieces, [(0, 0), (0, 1), (1, 1)]), 100.0)
    chosen = best_sequence(segmentation, np.tile(np.eye(10)[8], (3, 1)), np.array([0.9, 0.05, 0.9]))
    assert [(one.first, one.last) for one in chosen] == [(0, 0), (1, 1)]


@pytest.mark.parametrize(("digit", "chosen"), [(0, 2), (6, 1)])
def test_a_low_zero_after_a_tall_digit_is_one_and_other_low_signs_are_left_out(digit, chosen):
    pieces = (bar(0, 0, 100, 50, part=1), bar(60, 50, 95, 30, part=2))
    segmentation = Segmentation(pieces, candidates(pieces, [(0, 0), (1, 1)]), 100.0)
    found = best_sequence(segmentation, np.eye(10)[[6, digit]], np.array([0.99, 0.99]))
    assert len(found) == chosen


@pytest.mark.parametrize(("parts", "chosen"), [((1, 2), 2), ((1, 1), 1)], ids=["apart", "joined"])
def test_two_sure_digits_that_stand_apart_are_not_one(parts, chosen):
    pieces = (bar(0, 0, 100, 40, part=parts[0]), bar(45, 0, 100, 10, part=parts[1]))
    segmentation = Segmentation(pieces, candidates(pieces, [(0, 0), (0, 1), (1, 1)]), 100.0)
    likeness = np.array([0.97, 0.5, 0.97])
    found = best_sequence(segmentation, np.eye(10)[[2, 4, 1]] * np.array([[0.9], [0.6], [0.9]]), likeness)
    assert len(found) == chosen


@pytest.mark.parametrize(("top", "chosen"), [(70, 1), (35, 2)], ids=["comma", "small 1"])
def test_a_long_comma_is_left_out_however_much_it_looks_like_a_one(top, chosen):
    pieces = (bar(0, 0, 100, 50, part=1), bar(60, top, top + 57, 8, part=2))
    segmentation = Segmentation(pieces, candidates(pieces, [(0, 0), (1, 1)]), 100.0)
    assert len(best_sequence(segmentation, np.eye(10)[[6, 1]], np.array([0.99, 0.99]))) == chosen


def test_a_mark_of_a_third_of_the_height_is_a_candidate():
    small = [stroke * 0.28 + (0, 120) for stroke in RING]
    assert any(box[3] - box[1] < 75 for box in boxes(segmented((ONE, 0), (ONE, 60), (small, 140))))


def test_where_nothing_is_like_a_digit_nothing_is_chosen():
    segmentation = segmented(([np.array([[0.0, 100.0], [60.0, 100.0]])], 20), (ONE, 200))
    only_marks = Segmentation(segmentation.pieces[:1], (), segmentation.height)
    assert best_sequence(only_marks, np.zeros((0, 10)), np.zeros(0)) == []


def test_noise_that_could_be_cut_everywhere_is_refused():
    noise = np.random.default_rng(0).random((28, 400)) > 0.6
    with pytest.raises(InvalidImage, match="a pattern instead of digits"):
        segment(noise.astype(np.float32))


DOTTED_FIVE = [FIVE[0], np.array([[98.0, 50.0], [99.0, 51.0]])]


def test_a_dot_at_the_top_of_a_digit_may_be_its_bar_and_one_at_its_foot_is_dirt():
    low_dot = [np.array([[140.0, 195.0], [141.0, 196.0]])]
    found = segmented((DOTTED_FIVE, 0), (low_dot, 0), (ONE, 200))
    heights = {piece.box[3] - piece.box[1] for piece in found.pieces}
    assert min(heights) < 20 and len(found.pieces) == len(segmented((FIVE[:1], 0), (ONE, 200)).pieces) + 1
    top = min(box[1] for box in boxes(found) if box[0] < 60)
    assert top < 50, "with its dot it is a candidate"


def test_digits_in_two_parts_each_are_as_high_as_both():
    upper, lower = RING[0] * (1, 0.5) + (0, 0), RING[0] * (0.8, 0.45) + (5, 90)
    whole = [upper, lower]
    found = segmented((whole, 0), (whole, 150), (whole, 300))
    assert found.height > 1.6 * np.ptp(upper[:, 1])


def test_a_digit_larger_than_the_others_may_be_wider_than_they_are_high():
    large = [stroke * (2.3, 1.3) for stroke in RING]
    found = segmented((ONE, 0), (ONE, 40), (large, 60))
    width = np.ptp(large[0][:, 0])
    assert width > 1.5 * found.height
    assert any(right - left > width for left, _, right, _ in boxes(found))


def test_a_bar_at_the_top_belongs_to_a_torn_digit_and_one_in_the_middle_is_a_dash():
    def read(top: int) -> list[tuple[int, int]]:
        pieces = (bar(0, top, top + 25, 45, part=1), bar(50, 0, 100, 12, part=2))
        segmentation = Segmentation(pieces, candidates(pieces, [(0, 1), (1, 1)]), 100.0)
        found = best_sequence(segmentation, np.eye(10)[[4, 1]] * np.array([[0.65], [0.99]]), np.array([0.92, 0.99]))
        return [(one.first, one.last) for one in found]

    assert read(0) == [(0, 1)]
    assert read(45) == [(1, 1)]


def test_parts_as_high_as_digits_that_stand_apart_are_seldom_one():
    def read(gap: int) -> int:
        pieces = (bar(0, 20, 100, 60, part=1), bar(60 + gap, 0, 100, 12, part=2))
        segmentation = Segmentation(pieces, candidates(pieces, [(0, 0), (0, 1), (1, 1)]), 100.0)
        likeness = np.array([0.8, 0.95, 1.0])
        return len(best_sequence(segmentation, np.eye(10)[[2, 4, 1]] * np.array([[0.9], [0.95], [0.95]]), likeness))

    assert read(15) == 2
    assert read(-5) == 1
