"""Split a line of digits into its digits, left to right.

Connected parts are found first, then joined where they lie above one another (the bar of a five
over its bow), and marks too low to be a digit go to the nearest one. Digits that touch each other
stay one piece, which the classifier should then reject.
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
_MOST = 200  # parts of a line of digits; a page of text or a pattern has more
_REACH = 0.35  # of the line's height: a mark farther from any digit than this stands alone

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels, ends excluded


@dataclass(frozen=True)
class _Group:
    """Parts that make up one digit, by their index, and the box around them."""

    parts: tuple[int, ...]
    box: Box

    @property
    def height(self) -> int:
        return self.box[3] - self.box[1]

    def joined(self, other: "_Group") -> "_Group":
        return _Group(self.parts + other.parts, _union(self.box, other.box))


@dataclass(frozen=True)
class Piece:
    """One digit of a line: its box (left, top, right, bottom) and its ink alone, float32 (h, w), 0 to 1."""

    box: Box
    ink: np.ndarray

    def joined(self, other: "Piece") -> "Piece":
        """Both pieces as one: a four whose stem does not touch its hook falls into two."""
        left, top, right, bottom = box = _union(self.box, other.box)
        ink = np.zeros((bottom - top, right - left), dtype=np.float32)
        for piece in (self, other):
            x, y = piece.box[0] - left, piece.box[1] - top
            area = ink[y : y + piece.ink.shape[0], x : x + piece.ink.shape[1]]
            np.maximum(area, piece.ink, out=area)
        return Piece(box, ink)


def split_line(ink: np.ndarray) -> list[Piece]:
    """Digits of a line, left to right, from ink as `find_ink` returns it: float (h, w), 0 (paper) to 1 (ink).

    Raises NoInk if there is none, and InvalidImage if there are more than 200 parts, dirt not counted.
    """
    parts, count = ndimage.label(ink >= _SEEN, structure=np.ones((3, 3)))
    if not count:
        raise NoInk("There is no ink in the picture. Choose one with one or more digits.")
    boxes = np.array([(c.start, r.start, c.stop, r.stop) for r, c in ndimage.find_objects(parts)])
    return [_piece(ink, parts, group) for group in _grouped(boxes)]


def merge_fragments(pieces: list[Piece], likeness: Callable[[np.ndarray], float]) -> list[Piece]:
    """Join neighbours that are digits only together.

    `likeness` tells how much a piece's ink, float32 (h, w), looks like a digit; above 0.5 it is one.
    """
    result = pieces[:1]
    for piece in pieces[1:]:
        before = result[-1]
        _, top, _, bottom = _union(before.box, piece.box)
        if piece.box[0] - before.box[2] < _NEXT_TO * (bottom - top):
            both = before.joined(piece)
            if min(likeness(before.ink), likeness(piece.ink)) < 0.5 < likeness(both.ink):
                result[-1] = both
                continue
        result.append(piece)
    return result


def _grouped(boxes: np.ndarray) -> list[_Group]:
    """Groups of the boxes (n, 4) that make up each digit, left to right."""
    heights = boxes[:, 3] - boxes[:, 1]
    height = float(np.median(heights[heights >= heights.max() / 2]))  # of the line: that of a typical digit
    sizes = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    kept = [int(i) for i in np.argsort(boxes[:, 0]) if sizes[i] >= _SPECK * height]
    if len(kept) > _MOST:
        raise InvalidImage(
            f"the picture has {len(kept)} separate marks, more than a line of digits has; crop it to one line of digits"
        )
    groups = _joined_where_stacked([_Group((i,), tuple(boxes[i].tolist())) for i in kept], height)
    digits = [group for group in groups if group.height >= _MARK * height]
    for mark in (group for group in groups if group.height < _MARK * height):
        nearest = min(range(len(digits)), key=lambda i: _gap(digits[i], mark), default=None)
        if nearest is not None and _gap(digits[nearest], mark) <= _REACH * height:
            digits[nearest] = digits[nearest].joined(mark)
        else:
            digits.append(mark)
    return sorted(digits, key=lambda group: group.box[0] + group.box[2])


def _joined_where_stacked(groups: list[_Group], height: float) -> list[_Group]:
    """Join groups until none lies above another one; the groups joined last come first."""
    settled, waiting = [], list(groups)
    while waiting:
        group, place = waiting.pop(0), len(settled)
        while other := next((other for other in settled + waiting if _are_stacked(group, other, height)), None):
            (settled if other in settled else waiting).remove(other)
            group, place = group.joined(other), 0
        settled.insert(place, group)
    return settled


def _are_stacked(a: _Group, b: _Group, height: float) -> bool:
    both_tall = min(a.height, b.height) > _TALL * height
    narrower = min(group.box[2] - group.box[0] for group in (a, b))
    return -_gap(a, b) > (_FULLY_OVER if both_tall else _OVER) * narrower


def _gap(a: _Group, b: _Group) -> int:
    """Pixels between two groups, left to right; minus the number of columns they share."""
    return max(a.box[0], b.box[0]) - min(a.box[2], b.box[2])


def _union(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _piece(ink: np.ndarray, parts: np.ndarray, group: _Group) -> Piece:
    """The ink of a group's parts alone, with their soft edge that is fainter than `_SEEN`."""
    x, y = max(group.box[0] - 1, 0), max(group.box[1] - 1, 0)
    around = np.s_[y : group.box[3] + 1, x : group.box[2] + 1]
    near = parts[around]
    own = np.isin(near, [part + 1 for part in group.parts])
    alone = np.where(ndimage.maximum_filter(own, 3) & (own | (near == 0)), ink[around], np.float32(0))
    top, bottom, left, right = bounding_box(alone)
    return Piece((x + left, y + top, x + right, y + bottom), alone[top:bottom, left:right])
