"""Split a line of digits into its digits, left to right.

Parts that hang together are found first, then put together where they lie above one another
(the bar of a five over its bow), and marks too low to be a digit go to the nearest one.
Digits that touch each other stay one piece; the reader then says that it is no digit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from digit_core.errors import NoInk
from digit_core.reading.normalize import bounding_box

_SEEN = 0.4  # ink from here on belongs to a part
_SPECK = 0.12  # of the line's height: parts smaller than this in both directions are dirt
_MARK = 0.45  # of the line's height: parts lower than this are no digit of their own
_OVER = 0.5  # of the narrower one's width: parts that share more columns are one digit ...
_TALL = 0.75  # ... unless both are higher than this part of the line's height:
_FULLY_OVER = 0.9  # slanted neighbours share many columns, so these must share nearly all
_NEXT_TO = 0.12  # of the height of both: pieces farther apart are never parts of one digit
_REACH = 0.35  # of the line's height: a mark farther from any digit than this stands alone


@dataclass(frozen=True)
class Piece:
    """One digit of a line: its box in pixels, ends excluded, and its ink alone."""

    left: int
    top: int
    right: int
    bottom: int
    ink: np.ndarray  # float32 (bottom - top, right - left), 0 to 1

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom."""
        return self.left, self.top, self.right, self.bottom

    def joined(self, other: "Piece") -> "Piece":
        """Both pieces as one: a four whose stem does not touch its hook falls into two."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        right, bottom = max(self.right, other.right), max(self.bottom, other.bottom)
        ink = np.zeros((bottom - top, right - left), dtype=np.float32)
        for piece in (self, other):
            area = ink[piece.top - top : piece.bottom - top, piece.left - left : piece.right - left]
            np.maximum(area, piece.ink, out=area)
        return Piece(left, top, right, bottom, ink)


def split_line(ink: np.ndarray) -> list[Piece]:
    """Digits of a line, left to right.

    Parameters
    ----------
    ink : float array of shape (h, w), 0 (paper) to 1 (ink), as from `find_ink`.

    Raises
    ------
    NoInk
        If there is none.
    """
    parts, count = ndimage.label(ink >= _SEEN, structure=np.ones((3, 3)))
    if not count:
        raise NoInk("there is no ink in the picture; write one or more digits first")
    boxes = np.array([(c.start, r.start, c.stop, r.stop) for r, c in ndimage.find_objects(parts)])
    return [_piece(ink, parts, [i + 1 for i in group]) for group in _grouped(boxes)]


def joined_where_better(pieces: list[Piece], likeness: Callable[[np.ndarray], float]) -> list[Piece]:
    """Join neighbours that are no digits one by one but are a digit together.

    Parameters
    ----------
    pieces : as from `split_line`.
    likeness : tells from a piece's ink, float32 (h, w), how much it looks like a digit; more
        than 0.5 is one.
    """
    result = pieces[:1]
    for piece in pieces[1:]:
        before = result[-1]
        height = max(before.bottom, piece.bottom) - min(before.top, piece.top)
        if piece.left - before.right < _NEXT_TO * height:
            both = before.joined(piece)
            alone = min(likeness(before.ink), likeness(piece.ink))
            if alone < 0.5 < likeness(both.ink):
                result[-1] = both
                continue
        result.append(piece)
    return result


def _grouped(boxes: np.ndarray) -> list[list[int]]:
    """Indices of the boxes (n, 4: left, top, right, bottom) that make up each digit, left to right."""
    height = _line_height(boxes)
    sizes = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    kept = [int(i) for i in np.argsort(boxes[:, 0]) if sizes[i] >= _SPECK * height]
    groups = _merged_where_over_each_other([[i] for i in kept], boxes, height)
    tall = [g for g in groups if _hull(boxes, g)[3] - _hull(boxes, g)[1] >= _MARK * height]
    for mark in (g for g in groups if g not in tall):
        nearest = min(tall, key=lambda g: _gap(_hull(boxes, g), _hull(boxes, mark)), default=None)
        if nearest is not None and _gap(_hull(boxes, nearest), _hull(boxes, mark)) <= _REACH * height:
            nearest.extend(mark)
        else:
            tall.append(mark)
    return sorted(tall, key=lambda g: _hull(boxes, g)[0] + _hull(boxes, g)[2])


def _line_height(boxes: np.ndarray) -> float:
    """Height of a typical digit of the line: the median of the parts at least half as high as the highest."""
    heights = boxes[:, 3] - boxes[:, 1]
    return float(np.median(heights[heights >= heights.max() / 2]))


def _merged_where_over_each_other(groups: list[list[int]], boxes: np.ndarray, height: float) -> list[list[int]]:
    """Join groups of boxes (n, 4) until none lies over another one."""
    for i, first in enumerate(groups):
        for second in groups[i + 1 :]:
            if _are_over_each_other(_hull(boxes, first), _hull(boxes, second), height):
                rest = [group for group in groups if group is not first and group is not second]
                return _merged_where_over_each_other([first + second, *rest], boxes, height)
    return groups


def _are_over_each_other(a: tuple[int, int, int, int], b: tuple[int, int, int, int], height: float) -> bool:
    both_tall = min(a[3] - a[1], b[3] - b[1]) > _TALL * height
    narrower = min(a[2] - a[0], b[2] - b[0])
    return -_gap(a, b) > (_FULLY_OVER if both_tall else _OVER) * narrower


def _hull(boxes: np.ndarray, group: list[int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the box around some boxes."""
    own = boxes[group]
    return int(own[:, 0].min()), int(own[:, 1].min()), int(own[:, 2].max()), int(own[:, 3].max())


def _gap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> float:
    """Pixels between two boxes, left to right; negative by as much as they share."""
    return max(a[0], b[0]) - min(a[2], b[2])


def _piece(ink: np.ndarray, parts: np.ndarray, labels: list[int]) -> Piece:
    """The ink of some parts alone, with the soft edge that is too faint to be counted in."""
    own = np.isin(parts, labels)
    alone = np.where(ndimage.maximum_filter(own, 3) & (own | (parts == 0)), ink, np.float32(0))
    top, bottom, left, right = bounding_box(alone)
    return Piece(left, top, right, bottom, alone[top:bottom, left:right])
