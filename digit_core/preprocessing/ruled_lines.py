"""Find straight lines that run through a picture (frames, cell borders, rules) and take them out of its ink.

A line is erased only as far as it is thin: where a stroke crosses it, the stroke stays whole, and
where a stroke ends on it, the stroke ends at its edge. A stroke that crosses at a slant leaves two ends, which are
joined.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

_MOST_LINES = 50  # in each direction
_STEEPEST = 0.16  # tangent of a line's angle: 9 degrees
_SAMPLE = 6000  # pixels of ink in which slopes are looked for
_NEAR = 2  # pixels from the fitted line in which its ink lies
_AT_A_SLANT = 4.0  # pixels to the side between the two ends of a stroke, and the line's thickness
_SQUARES, _EQUAL = 6, 0.15  # upright lines at least; of the distance between two
_DOT = 2.5  # times as thick as the lines: what is no larger is where two of them crossed
_RANDOM = np.random.default_rng


@dataclass(frozen=True)
class _Line:
    """A line from left to right: in each column the first and last row of the ink on it, -1 where there is none."""

    top: np.ndarray
    bottom: np.ndarray
    thickness: float

    @cached_property
    def centre(self) -> np.ndarray:
        """The row in each column of the straight line that fits it, float (w,)."""
        seen = np.flatnonzero(self.top >= 0)
        return np.polyval(np.polyfit(seen, (self.top + self.bottom)[seen] / 2, 1), np.arange(len(self.top)))

    @property
    def middle(self) -> float:
        """The row in which the line is in the middle of its length."""
        return float(self.centre[len(self.centre) // 2])


def without_lines(mask: np.ndarray, across: float, margin: float, sides: float) -> np.ndarray:
    """Ink, bool (h, w), without lines that are inked over their whole length, horizontal or vertical.

    `across`: the share of the picture's width that a horizontal line covers at least; a vertical one
    covers 0.93 of its height. `margin` and `sides`: the share of the picture in which horizontal and
    vertical lines lie, from each edge: 0.5 is all of it. The lines of squared paper are taken out everywhere.
    """
    level = _lines(mask, across, margin)
    turned = np.ascontiguousarray(mask.T)
    if len(level) > 1 and sides < 0.5:
        everywhere = _lines(turned, 0.93, 0.5)
        if _are_squares(level, everywhere):
            return _without_squares(mask, level, everywhere)
    return _without(mask, level) & _without(turned, _lines(turned, 0.93, sides)).T


def _without_squares(mask: np.ndarray, level: list[_Line], upright: list[_Line]) -> np.ndarray:
    """Ink without the lines of squared paper, the dots where they cross, and what tilted ones leave at the edges."""
    left = _without(mask, level) & _without(np.ascontiguousarray(mask.T), upright).T
    for lines, plane in ((level, left), (upright, left.T)):
        if len(lines) >= _SQUARES:
            first, *_, last = sorted(lines, key=lambda line: line.middle)
            rows = np.arange(len(plane))[:, None]
            plane &= (rows > first.centre) & (rows < last.centre)
    dot = _DOT * max(line.thickness for line in (*level, *upright))
    _, parts, boxes, _ = cv2.connectedComponentsWithStats(left.astype(np.uint8), connectivity=8)
    is_large = boxes[:, 2:4].max(1) > dot
    is_large[0] = False
    return is_large[parts]


def _are_squares(level: list[_Line], upright: list[_Line]) -> bool:
    """Whether lines are those of squared paper: many upright ones, as far from each other as the level ones."""
    if len(upright) < _SQUARES:
        return False
    apart = [np.diff(np.sort([line.middle for line in lines])) for lines in (upright, level)]
    side = float(np.median(apart[0]))
    return all(float(np.median(np.abs(gaps - side))) < _EQUAL * side for gaps in apart)


def _lines(mask: np.ndarray, least: float, margin: float) -> list[_Line]:
    height, width = mask.shape
    starts, ends = _runs(mask)
    left = mask.copy()
    slopes = np.linspace(-_STEEPEST, _STEEPEST, int(2 * _STEEPEST * min(width, 400) / 1.5) | 1)
    thickest = max(3.0, 0.15 * min(height, 3 * width), 0.0) if margin < 0.5 else max(3.0, 0.09 * height)
    columns = np.arange(width)
    found = []
    for _ in range(_MOST_LINES):
        y, x = np.nonzero(left)
        if len(y) < least * width:
            break
        share = min(1.0, _SAMPLE / len(y))
        if share < 1:
            picked = _RANDOM(0).choice(len(y), _SAMPLE, replace=False)
            y, x = y[picked], x[picked]
        counts = np.stack([_by_row(y, x - width / 2, slope, height) for slope in slopes])
        counts[:, int(margin * height) : height - int(margin * height)] = 0
        slope, row = np.unravel_index(int(counts.argmax()), counts.shape)
        if counts[slope, row] < least * width * share:
            break
        centre = np.round(row + slopes[slope] * (columns - width / 2)).astype(int)
        line = _traced(mask, starts, ends, centre)
        # The next search must find another line, also where this one was too thick to be one.
        depth = int(np.ceil(line.thickness)) + 1
        rows = np.arange(height)[:, None]
        left &= np.abs(rows - centre) > depth
        if line.thickness <= thickest and np.mean(line.top >= 0) >= least:
            found.append(line)
    return found


def _by_row(y: np.ndarray, x: np.ndarray, slope: float, height: int) -> np.ndarray:
    """How many of the pixels lie on the line with this slope through each row of the middle column, or next to it."""
    row = np.round(y - slope * x).astype(int)
    count = np.bincount(row[(row >= 0) & (row < height)], minlength=height)
    count[1:] += count[:-1].copy()  # a thin line falls into two rows
    return count


def _runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last row, (h, w) each, of the vertical run of ink that a pixel of ink belongs to."""
    height = len(mask)
    rows = np.arange(height)[:, None]
    padded = np.pad(mask, ((1, 1), (0, 0)))
    starts = np.maximum.accumulate(np.where(mask & ~padded[:-2], rows, 0), axis=0)
    ends = np.minimum.accumulate(np.where(mask & ~padded[2:], rows, height - 1)[::-1], axis=0)[::-1]
    return starts, ends


def _traced(mask: np.ndarray, starts: np.ndarray, ends: np.ndarray, centre: np.ndarray) -> _Line:
    height, width = mask.shape
    columns = np.arange(width)
    top, bottom = np.full(width, -1), np.full(width, -1)
    for step in sorted(range(-_NEAR, _NEAR + 1), key=abs):
        row = centre + step
        inside = (row >= 0) & (row < height) & (top < 0)
        hit = inside & mask[row.clip(0, height - 1), columns]
        top[hit], bottom[hit] = starts[row[hit], columns[hit]], ends[row[hit], columns[hit]]
    lengths = (bottom - top + 1)[top >= 0]
    return _Line(top, bottom, float(np.quantile(lengths, 0.4)) if len(lengths) else 0.0)


def _without(mask: np.ndarray, lines: list[_Line]) -> np.ndarray:
    result = mask.copy()
    rows = np.arange(len(mask))[:, None]
    columns = np.arange(mask.shape[1])
    for line in lines:
        length = line.bottom - line.top + 1
        is_thin = (line.top >= 0) & (length <= 1.35 * line.thickness + 1.5)
        if is_thin.sum() < 3:
            continue
        middle = np.interp(columns, columns[is_thin], ((line.top + line.bottom) / 2)[is_thin])
        half = line.thickness / 2 + 0.8
        first, last = np.floor(middle - half), np.ceil(middle + half)
        is_crossed = (line.top < first - 1) & (line.bottom > last + 1)
        first = np.where(is_thin, line.top, np.where(is_crossed | (line.top < 0), len(mask), first))
        last = np.where(is_thin, line.bottom, last)
        erased = (rows >= first) & (rows <= last)
        result &= ~erased
        side = 2 * int(np.ceil((line.thickness + _AT_A_SLANT) / 2)) + 1
        near = np.flatnonzero(erased.any(1))
        band = slice(max(int(near[0]) - side, 0), int(near[-1]) + side + 1)  # the rest of the picture stays as it is
        ink = result[band].astype(np.uint8)
        joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8)) > 0
        result[band] |= joined & erased[band] & mask[band]
    return result
