"""Frames and circles drawn around numbers: parts of the ink that go around others."""

from collections.abc import Sequence

import numpy as np

_TALL, _BROAD = 0.25, 0.4  # of a frame's height and width: what it goes around is at least so large
_EMPTY = 0.7  # of its radius: how far out an oval is, or a frame, in which there is an oval
_LOOP = 1.3  # times as broad as high: what goes around one part alone may be a zero with a slash if it is narrower

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
        inside = (left > x) & (top > y) & (right < end) & (bottom < foot) & (bottom - top >= _TALL * high)
        if not inside.any() or (inside.sum() == 1 and wide < _LOOP * high):
            continue
        if right[inside].max() - left[inside].min() < _BROAD * wide:
            continue
        rows, columns = np.nonzero(labels[y:foot, x:end] == part)
        away = np.hypot((2 * columns + 1) / wide - 1, (2 * rows + 1) / high - 1)
        found[place] = away.min() > _EMPTY
    return found
