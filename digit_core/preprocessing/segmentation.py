"""Split a line of digits into its digits, left to right.

Parts that hang together are found first, then put together where they lie above one another
(the bar of a five over its bow), and marks too low to be a digit go to the nearest one.
Digits that touch each other stay one piece; the reader then says that it is no digit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from digit_core.errors import InvalidImage, NoInk
from digit_core.preprocessing.normalize import bounding_box

_SEEN = 0.4  # ink from here on belongs to a part
_SPECK = 0.12  # of the line's height: parts smaller than this in both directions are dirt
_MARK = 0.45  # of the line's height: parts lower than this are no digit of their own
_OVER = 0.5  # of the narrower one's width: parts that share more columns are one digit ...
_TALL = 0.75  # ... unless both are higher than this part of the line's height:
_FULLY_OVER = 0.9  # slanted neighbours share many columns, so these must share nearly all
_NEXT_TO = 0.12  # of the height of both: pieces farther apart are never parts of one digit
_MOST = 200  # parts that a line of digits may have; a page of text or a pattern has more
_REACH = 0.35  # of the line's height: a mark farther from any digit than this stands alone


@dataclass(frozen=True)
class _Group:
    """Parts that make up one digit, by their index, and the box around them, ends excluded."""

    parts: tuple[int, ...]
    left: int
    top: int
    right: int
    bottom: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def joined(self, other: "_Group") -> "_Group":
        return _Group(
            self.parts + other.parts,
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


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
    InvalidImage
        If there are more than 200 parts, dirt not counted.
    """
    parts, count = ndimage.label(ink >= _SEEN, structure=np.ones((3, 3)))
    if not count:
        raise NoInk("there is no ink in the picture; write one or more digits first")
    boxes = np.array([(c.start, r.start, c.stop, r.stop) for r, c in ndimage.find_objects(parts)])
    return [_piece(ink, parts, group) for group in _grouped(boxes)]


def merge_fragments(pieces: list[Piece], likeness: Callable[[np.ndarray], float]) -> list[Piece]:
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


def _grouped(boxes: np.ndarray) -> list[_Group]:
    """What of the boxes (n, 4: left, top, right, bottom) makes up each digit, left to right."""
    height = _line_height(boxes)
    sizes = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    kept = [int(i) for i in np.argsort(boxes[:, 0]) if sizes[i] >= _SPECK * height]
    if len(kept) > _MOST:
        raise InvalidImage(
            f"the picture has {len(kept)} separate marks, more than a line of digits has; crop it to one line of digits"
        )
    groups = _merged_where_over_each_other([_Group((i,), *boxes[i].tolist()) for i in kept], height)
    digits = [group for group in groups if group.height >= _MARK * height]
    for mark in (group for group in groups if group.height < _MARK * height):
        nearest = min(range(len(digits)), key=lambda i: _gap(digits[i], mark), default=None)
        if nearest is not None and _gap(digits[nearest], mark) <= _REACH * height:
            digits[nearest] = digits[nearest].joined(mark)
        else:
            digits.append(mark)
    return sorted(digits, key=lambda group: group.left + group.right)


def _line_height(boxes: np.ndarray) -> float:
    """Height of a typical digit of the line: the median of the parts at least half as high as the highest."""
    heights = boxes[:, 3] - boxes[:, 1]
    return float(np.median(heights[heights >= heights.max() / 2]))


def _merged_where_over_each_other(groups: list[_Group], height: float) -> list[_Group]:
    """Join groups until none lies over another one; what was joined last comes first."""
    settled, waiting = [], list(groups)
    while waiting:
        group, place = waiting.pop(0), len(settled)
        while (other := _first_over(group, settled + waiting, height)) is not None:
            (settled if other in settled else waiting).remove(other)
            group, place = group.joined(other), 0
        settled.insert(place, group)
    return settled


def _first_over(group: _Group, others: list[_Group], height: float) -> _Group | None:
    return next((other for other in others if _are_over_each_other(group, other, height)), None)


def _are_over_each_other(a: _Group, b: _Group, height: float) -> bool:
    both_tall = min(a.height, b.height) > _TALL * height
    narrower = min(a.right - a.left, b.right - b.left)
    return -_gap(a, b) > (_FULLY_OVER if both_tall else _OVER) * narrower


def _gap(a: _Group, b: _Group) -> int:
    """Pixels between two groups, left to right; negative by as much as they share."""
    return max(a.left, b.left) - min(a.right, b.right)


def _piece(ink: np.ndarray, parts: np.ndarray, group: _Group) -> Piece:
    """The ink of a group's parts alone, with the soft edge that is too faint to be counted in."""
    x, y = max(group.left - 1, 0), max(group.top - 1, 0)
    around = np.s_[y : group.bottom + 1, x : group.right + 1]
    near = parts[around]
    own = np.isin(near, [part + 1 for part in group.parts])
    alone = np.where(ndimage.maximum_filter(own, 3) & (own | (near == 0)), ink[around], np.float32(0))
    top, bottom, left, right = bounding_box(alone)
    return Piece(x + left, y + top, x + right, y + bottom, alone[top:bottom, left:right])
