"""Frames and circles drawn around numbers: parts of the ink that go around others."""

from collections.abc import Sequence

import numpy as np

_TALL = 0.25  # of a frame's height: what it goes around is at least so high
_BROAD = 0.2  # of a loop's width: what it goes around is broader, unless it is the slash of a zero
_MANY = 6  # parts may be smaller
_EMPTY = 0.7  # of its radius: how far out an oval is, or a frame, in which there is an oval
_LOOP = 1.2  # times as broad as high: what goes around one straight part is a zero with a slash if it is narrower
_CORNERS, _CORNER = 0.9, 1.2  # share of its ink; of its radius: a frame with corners has more of it farther out
_STRAIGHT = 0.25  # of the spread along a line: across it

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels, ends excluded


def are_frames(labels: np.ndarray, parts: Sequence[int], boxes: Sequence[Box]) -> np.ndarray:
    """Whether each part is a frame around others: bool (n,).

    `labels`: int (h, w); `parts`: the labels that are parts, (n,), each with its box.
    """
    sides = np.asarray(boxes, int).reshape(-1, 4)
    found = np.zeros(len(sides), bool)
    left, top, right, bottom = sides.T
    for place, (part, (x, y, end, foot)) in enumerate(zip(parts, sides, strict=True)):
        wide, high = end - x, foot - y
        inside = (left > x) & (top > y) & (right < end) & (bottom < foot)
        if inside.sum() < _MANY:  # else it is the border of a page
            inside &= bottom - top >= _TALL * high
        if not inside.any():
            continue
        rows, columns = np.nonzero(labels[y:foot, x:end] == part)
        away = np.hypot((2 * columns + 1) / wide - 1, (2 * rows + 1) / high - 1)
        is_loop = wide < _LOOP * high and np.quantile(away, _CORNERS) < _CORNER
        is_slim = right[inside].max() - left[inside].min() < _BROAD * wide
        is_zero = is_loop and (
            is_slim or (inside.sum() == 1 and _is_straight(labels, parts, sides, int(inside.argmax())))
        )
        found[place] = away.min() > _EMPTY and not is_zero
    return found


def _is_straight(labels: np.ndarray, parts: Sequence[int], sides: np.ndarray, place: int) -> bool:
    """Whether a part is about a straight line, as the slash of a zero is."""
    left, top, right, bottom = sides[place]
    pixels = np.argwhere(labels[top:bottom, left:right] == parts[place]).astype(float)
    if len(pixels) < 3:
        return True
    across, along = np.sqrt(np.linalg.eigvalsh(np.cov(pixels.T)).clip(0))
    return bool(across < _STRAIGHT * along)
