"""From pen strokes to a model input.

A drawing is redrawn at MNIST's pen width, so that its size and pen do not matter, then normalised.
"""

import reprlib
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from digit_core.errors import InvalidStrokes, NoInk
from digit_core.preprocessing.normalize import BOX, distance_to_box, dot, normalize, to_float

MNIST_STROKE_WIDTH = 2.4  # pixels of a 28 x 28 picture: how wide the strokes of an MNIST digit are
MOST_STROKES = 10_000  # of a drawing
MOST_POINTS = 100_000  # of a drawing, after thinning
_ZOOM = 8  # drawing is done at this many times the model's resolution
_STEP = 0.5  # pixels of a 28 x 28 picture between points that are kept
_FAR = 0.8  # of the drawing's longer side: a speck farther away than this is not part of it
_ENDLESS = 1e100  # coordinates from here on count as infinite
_POINT = 1e-100  # a drawing smaller than this is one point: it cannot be enlarged
_AT_A_TIME = 200  # points of a line drawn at a time, since Pillow holds the interpreter's lock meanwhile
_SPECK = 0.08  # of the drawing's longer side: what is smaller than this may be a speck


def draw_strokes(strokes: Sequence[np.ndarray], pen_width: float = 0.0, pen: float = MNIST_STROKE_WIDTH) -> np.ndarray:
    """Pen strokes -> model input, float32 (28, 28), 0 to 1.

    `strokes`: arrays (n, 2), x to the right and y down, in any unit; points that are not finite are
    ignored, and a stroke of one point is a dot. `pen_width`: of the drawing, in the same unit; a
    drawing smaller than half of it is a dot. `pen`: width to redraw them with, in pixels of the result.

    Raises NoInk if no stroke has a finite point, and InvalidStrokes if a stroke is not an array of
    numbers (n, 2), if `pen_width` is not a number, and if there are more than `MOST_STROKES` strokes
    or `MOST_POINTS` visibly different points.
    """
    return normalize_redrawn(redraw(strokes, pen_width, pen), pen)


def normalize_redrawn(ink: np.ndarray, pen: float = MNIST_STROKE_WIDTH) -> np.ndarray:
    """What `redraw` returned for this `pen` -> model input, float32 (28, 28), 0 to 1."""
    return dot(pen) if max(ink.shape) <= (pen + 2) * _ZOOM + 1 else normalize(ink)


def redraw(strokes: Sequence[np.ndarray], pen_width: float = 0.0, pen: float = MNIST_STROKE_WIDTH) -> np.ndarray:
    """As `draw_strokes`, but before normalisation: float32 (h, w), 0 to 1."""
    strokes = without_specks(finite_strokes(strokes))
    everything = np.concatenate(strokes)
    low, high = everything.min(axis=0), everything.max(axis=0)
    longer = float((high - low).max())
    scale = (BOX - pen) / longer if longer > max(_dot_size(pen_width), _POINT) else 0.0
    strokes = [thinned((stroke - low) * scale, _STEP) for stroke in strokes]
    points = sum(map(len, strokes))
    if points > MOST_POINTS:
        raise InvalidStrokes(
            f"The strokes have {points:,} points that differ, and at most {MOST_POINTS:,} can be read. "
            "Clear them and draw again."
        )
    width, height = np.ceil((high - low) * scale * _ZOOM + (pen + 2) * _ZOOM).astype(int)
    image = Image.new("L", (int(width), int(height)))
    draw = ImageDraw.Draw(image)
    offset = (pen / 2 + 1) * _ZOOM
    radius = (pen * _ZOOM - 1) / 2  # Pillow includes the pixels of both edges
    for stroke in strokes:
        draw_line(draw, stroke * _ZOOM + offset, round(pen * _ZOOM), radius)
    return to_float(np.asarray(image))


def draw_line(draw: ImageDraw.ImageDraw, points: np.ndarray, width: int, radius: float) -> None:
    """Draw a line through points (n, 2), `width` pixels wide, with a disc of that radius on each point."""
    flat = points.ravel().tolist()
    if len(points) > 1:
        for start in range(0, len(flat) - 2, 2 * _AT_A_TIME):
            draw.line(flat[start : start + 2 * _AT_A_TIME + 2], fill=255, width=width)
    for x, y in zip(flat[::2], flat[1::2], strict=True):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)


def finite_strokes(strokes: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The strokes as float64 arrays (n, 2), finite points only. Raises NoInk if none is left, or InvalidStrokes."""
    if not isinstance(strokes, list | tuple | np.ndarray) or (isinstance(strokes, np.ndarray) and not strokes.ndim):
        raise InvalidStrokes(f"strokes must be a list of arrays of shape (n, 2). Got {reprlib.repr(strokes)}.")
    if len(strokes) > MOST_STROKES:
        raise InvalidStrokes(f"At most {MOST_STROKES:,} strokes can be read. Got {len(strokes):,}.")
    kept = []
    for stroke in strokes:
        points = _points(stroke)
        points = points[(np.abs(points) < _ENDLESS).all(axis=1)]
        if len(points):
            kept.append(points)
    if not kept:
        raise NoInk("There are no strokes. Draw a digit first.")
    return kept


def _points(stroke: np.ndarray) -> np.ndarray:
    try:
        points = np.asarray(stroke)
        if points.size and points.dtype.kind not in "iuf":
            raise ValueError("not numbers")
        points = points.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise InvalidStrokes(
            f"a stroke must be an array of numbers of shape (n, 2). Got {reprlib.repr(stroke)}."
        ) from None
    if points.size and (points.ndim != 2 or points.shape[1] != 2):
        raise InvalidStrokes(f"a stroke must be an array of shape (n, 2). Got shape {points.shape}.")
    return points.reshape(-1, 2)


def _dot_size(pen_width: float) -> float:
    """How large a drawing with a pen of that width may be and still be a dot. Raises InvalidStrokes."""
    try:
        width = float(pen_width)
    except (TypeError, ValueError, OverflowError):
        raise InvalidStrokes(f"pen_width must be a number of pixels. Got {reprlib.repr(pen_width)}.") from None
    return width / 2 if width > 0 else 0.0  # NaN counts as no width


def without_specks(strokes: list[np.ndarray]) -> list[np.ndarray]:
    """Leave out tiny strokes that are far from all others: accidental touches of the pen."""
    if len(strokes) == 1:
        return strokes
    sizes = np.array([np.ptp(stroke, axis=0).max() for stroke in strokes])
    large = sizes >= _SPECK * sizes.max()
    body = np.concatenate([stroke for stroke, is_large in zip(strokes, large, strict=True) if is_large])
    low, high = body.min(axis=0), body.max(axis=0)
    middles = np.array([stroke.mean(axis=0) for stroke in strokes])
    far = distance_to_box(middles, low, high) > _FAR * (high - low).max()
    return [stroke for stroke, keep in zip(strokes, large | ~far, strict=True) if keep]


def thinned(points: np.ndarray, step: float) -> np.ndarray:
    """Points (n, 2) about `step` or more apart along the line, first and last included."""
    if len(points) < 3:
        return points
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    keep = np.empty(len(points), dtype=bool)
    keep[0] = keep[-1] = True
    cell = np.floor(along / step)
    keep[1:-1] = cell[1:-1] > cell[:-2]
    return points[keep]
