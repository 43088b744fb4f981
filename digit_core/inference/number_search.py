"""Find the digits of a number: the sequence of candidates that the classifier likes best.

Viterbi's algorithm over the pieces of a `Segmentation`: each piece belongs to one digit or is left
out (dots, commas, dashes, dirt).
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from digit_core.preprocessing.segmentation import Box, Candidate, Piece, Segmentation

_LEAST = 1e-4  # a candidate's probability counts as at least this
CUT, DRAWN = 1.2, 0.3  # cost of each digit, cut from ink or drawn in strokes: fewer digits are likelier than more
_WHOLE = 0.8  # and at most this of one at whose edges no ink is cut: two that stand apart are seldom one
_LOW, _LOW_FROM = 12.0, 0.7  # cost for each height below this share of the line's
_LOW_ZERO = 0.3  # of that cost for a zero: the last zeros of an amount are often small
_HANGING, _HANGING_FROM = 5.0, 0.3  # cost for each height that it begins below this depth, as a comma does
_TALL = 0.75  # of the line's height: what is so high shows where the line's digits begin
_TORN = 1.0  # cost of a digit that is joined from a part and a piece cut from another, as the tip of a 7 beside it
_JOINED, _UPRIGHT = 1.6, 0.6  # cost of each gap between parts of a digit that are so high, times the line's height
_WIDE, _WIDE_FROM = 0.5, 1.1  # cost for each height of width beyond this
_MARK, _MARK_COST = 0.35, 0.05  # of the height: a piece lower than this may be a dot, a comma, a dash
# Of the height: a mark broader than this, so high up and so near to a digit is its bar and no dash.
_BAR, _HIGH, _NEAR = 0.25, 0.4, 0.08
_OMITTED = 6.0  # cost of leaving out a piece as large as a digit


def best_sequence(
    segmentation: Segmentation, probabilities: np.ndarray, likeness: np.ndarray, digit_cost: float = CUT
) -> list[Candidate]:
    """The digits among the candidates, left to right; empty if none of the ink looks like one.

    `probabilities` (n, 10) and `likeness` (n,), 0 to 1: of each candidate; `digit_cost`: `CUT` or `DRAWN`.
    """
    pieces, height = segmentation.pieces, segmentation.height
    starting: dict[int, list[tuple[float, Candidate]]] = {}
    sizes = Counter(piece.part for piece in pieces)
    scores = np.log(np.maximum(probabilities.max(1) * likeness, _LEAST))
    is_zero = probabilities.argmax(1) == 0
    top = _top_of_digits(segmentation)
    for score, zero, candidate in zip(scores, is_zero, segmentation.candidates, strict=True):
        own = Counter(piece.part for piece in pieces[candidate.first : candidate.last + 1])
        is_whole = all(count == sizes[part] for part, count in own.items())
        is_torn = len(own) > 1 and not is_whole
        cost = (min(digit_cost, _WHOLE) if is_whole else digit_cost) + _TORN * is_torn
        cost += _JOINED * _breaks(pieces[candidate.first : candidate.last + 1], height)
        cost += _cost_of_shape(candidate.box, height, top, is_zero=zero)
        starting.setdefault(candidate.first, []).append((float(score) - cost, candidate))
    best: list[tuple[float, int, Candidate | None]] = [(-np.inf, 0, None)] * (len(pieces) + 1)
    best[0] = (0.0, 0, None)
    for at in range(len(pieces)):
        here = best[at][0]
        omitted = here - _cost_of_omitting(at, pieces, height, top)
        if omitted > best[at + 1][0]:
            best[at + 1] = (omitted, at, None)
        for score, candidate in starting.get(at, []):
            if here + score > best[candidate.last + 1][0]:
                best[candidate.last + 1] = (here + score, at, candidate)
    digits, at = [], len(pieces)
    while at:
        _, before, candidate = best[at]
        if candidate is not None:
            digits.append(candidate)
        at = before
    return digits[::-1]


def _breaks(pieces: Sequence[Piece], height: float) -> int:
    """How many columns without ink separate parts that are nearly as high as a digit: as between a 2 and a 1."""
    boxes = np.array([piece.box for piece in pieces])
    parts = np.array([piece.part for piece in pieces])
    unions = [(*own[:, :2].min(0), *own[:, 2:].max(0)) for own in (boxes[parts == part] for part in set(parts))]
    tall = sorted((left, right) for left, top, right, bottom in unions if bottom - top >= _UPRIGHT * height)
    return sum(left >= right for (_, right), (left, _) in pairwise(tall))


def _top_of_digits(segmentation: Segmentation) -> float:
    """The row in which the line's digits begin."""
    boxes = [candidate.box for candidate in segmentation.candidates]
    tops = [top for _, top, _, bottom in boxes if bottom - top >= _TALL * segmentation.height]
    return float(np.median(tops)) if tops else 0.0


def _cost_of_shape(box: Box, height: float, top_of_digits: float, *, is_zero: bool) -> float:
    left, top, right, bottom = box
    low = max(_LOW_FROM - (bottom - top) / height, 0)
    hanging = max((top - top_of_digits) / height - _HANGING_FROM, 0)
    wide = max((right - left) / height - _WIDE_FROM, 0)
    return (_LOW * low + _HANGING * hanging) * (_LOW_ZERO if is_zero else 1) + _WIDE * wide


def _cost_of_omitting(at: int, pieces: Sequence[Piece], height: float, top_of_digits: float) -> float:
    left, top, right, bottom = pieces[at].box
    beside = pieces[max(at - 1, 0) : at] + pieces[at + 1 : at + 2]
    gap = min((max(left - piece.box[2], piece.box[0] - right) for piece in beside), default=np.inf)
    is_bar = right - left > _BAR * height and bottom - top_of_digits < _HIGH * height and gap < _NEAR * height
    if bottom - top < _MARK * height and not is_bar and all(piece.part != pieces[at].part for piece in beside):
        return _MARK_COST
    return _OMITTED * max(bottom - top, right - left) / height
