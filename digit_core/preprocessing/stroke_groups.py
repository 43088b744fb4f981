"""Group the strokes of a number drawn on the canvas into candidates for its digits.

Nobody lifts the pen inside a digit only to go on with the next one in the same stroke, so strokes say where digits
end more surely than cuts in a picture do, and touching or overlapping digits come apart. A drawing in which a stroke
is too broad for one digit has to be cut as a picture: see `segmentation`.
"""

from collections.abc import Sequence

import numpy as np

from digit_core.preprocessing.segmentation import (
    GAP,
    LOWEST,
    MOST_CANDIDATES,
    MOST_PIECES,
    WIDEST,
    Box,
    Candidate,
    Piece,
    Segmentation,
)
from digit_core.preprocessing.strokes import finite_strokes, redraw

_MOST = 60  # strokes: a number of ten digits, each in six
_SHARED = 0.8  # of the narrower one: strokes that are above each other by so much are parts of one digit
_HIGH = 0.45  # of the highest row: lower ones are bars and dots, parts of digits
_STEEP = 1.0  # parts of strokes steeper than this show the slant of the writing


def group_strokes(strokes: Sequence[np.ndarray], pen_width: float) -> Segmentation | None:
    """Strokes, arrays (n, 2) in canvas pixels, left to right, and the candidates; None if they have to be cut.

    The ink of a candidate is redrawn with MNIST's pen, for `normalize_redrawn`; boxes are in canvas pixels and may
    reach beyond the canvas. Raises NoInk or InvalidStrokes.
    """
    found = finite_strokes(strokes)
    if len(found) > _MOST:
        return None
    slant = _slant(found)
    groups = _stacked(found, slant)
    spans = np.array([_span(group, slant) for group in groups]) + (-pen_width / 2, pen_width / 2)
    boxes = [_box(group, pen_width) for group in groups]
    heights = np.array([bottom - top for _, top, _, bottom in boxes])
    height = float(np.median(heights[heights >= heights.max() / 2]))
    if (spans[:, 1] - spans[:, 0]).max() > WIDEST * height:
        return None
    candidates = []
    for first in range(len(groups)):
        reach = -np.inf
        for last in range(first, min(first + MOST_PIECES, len(groups))):
            if last > first and spans[last, 0] - reach > GAP * height:
                break
            reach = max(reach, spans[last, 1])
            if reach - spans[first : last + 1, 0].min() > WIDEST * height:
                break
            own = [stroke for group in groups[first : last + 1] for stroke in group]
            box = _box(own, pen_width)
            if box[3] - box[1] >= LOWEST * height:
                candidates.append(Candidate(first, last, box, redraw(own, pen_width)))
    pieces = tuple(Piece.of_box(box, part) for part, box in enumerate(boxes))
    return Segmentation(pieces, tuple(candidates), height) if len(candidates) <= MOST_CANDIDATES else None


def rows_of(strokes: Sequence[np.ndarray], pen_width: float) -> list[list[np.ndarray]]:
    """The strokes of each row of numbers, top to bottom; one row if they are not clearly several.

    Rows are apart, of similar height, and at least one has digits side by side: two rings above each other are an
    eight. Raises NoInk or InvalidStrokes.
    """
    found = finite_strokes(strokes)
    rows: list[list[np.ndarray]] = []
    for stroke in sorted(found, key=lambda stroke: float(stroke[:, 1].min())):
        if rows and stroke[:, 1].min() - pen_width <= max(each[:, 1].max() for each in rows[-1]):
            rows[-1].append(stroke)
        else:
            rows.append([stroke])
    heights = [bottom - top for _, top, _, bottom in (_box(row, pen_width) for row in rows)]
    is_several = len(rows) > 1 and min(heights) >= _HIGH * max(heights)
    return rows if is_several and any(_are_side_by_side(row, pen_width) for row in rows) else [found]


def _are_side_by_side(strokes: Sequence[np.ndarray], pen_width: float) -> bool:
    slant = _slant(strokes)
    spans = sorted(_span([stroke], slant) for stroke in strokes)
    reach = np.maximum.accumulate([right for _, right in spans])
    return any(left - pen_width > right for (left, _), right in zip(spans[1:], reach[:-1], strict=True))


def _stacked(strokes: Sequence[np.ndarray], slant: float) -> list[list[np.ndarray]]:
    """Strokes, those that are above each other together, left to right."""
    groups: list[list[np.ndarray]] = []
    for stroke in strokes:
        own = [stroke]
        rest = []
        for group in groups:
            (left, right), (first, last) = _span(group, slant), _span([stroke], slant)
            shared = min(right, last) - max(left, first)
            if shared >= _SHARED * min(right - left, last - first):
                own = group + own
            else:
                rest.append(group)
        groups = [*rest, own]
    return sorted(groups, key=lambda group: sum(_span(group, slant)))


def _span(group: Sequence[np.ndarray], slant: float) -> tuple[float, float]:
    """From where to where strokes are along the line, slant taken out."""
    along = np.concatenate([stroke[:, 0] + slant * stroke[:, 1] for stroke in group])
    return float(along.min()), float(along.max())


def _slant(strokes: Sequence[np.ndarray]) -> float:
    """How far upright strokes lean to the right, as a tangent."""
    steps = np.concatenate([np.diff(stroke, axis=0) for stroke in strokes])
    across, down = steps[np.abs(steps[:, 1]) > _STEEP * np.abs(steps[:, 0])].T
    total = down @ down
    return float(np.clip(-(across @ down) / total, -0.9, 0.9)) if total > 0 else 0.0


def _box(strokes: Sequence[np.ndarray], pen_width: float) -> Box:
    points = np.concatenate(strokes)
    left, top = np.floor(points.min(0) - pen_width / 2).astype(int)
    right, bottom = np.ceil(points.max(0) + pen_width / 2).astype(int)
    return int(left), int(top), int(right), int(bottom)
