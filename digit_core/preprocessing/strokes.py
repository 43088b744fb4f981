"""From pen strokes to a model input.

A drawing is drawn again with MNIST's pen, so that small and large drawings, thin and fat
pens come out alike; only then is it brought to normal form.
"""

import reprlib
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from digit_core.errors import InvalidStrokes, NoInk
from digit_core.preprocessing.normalize import BOX, dot, normalize, to_float

MNIST_STROKE_WIDTH = 2.4  # pixels of a 28 x 28 picture: how wide the strokes of an MNIST digit are
MOST_STROKES = 10_000  # of a drawing; with more it is no digit, and would take long
MOST_POINTS = 100_000  # of a drawing, without those that are no step away from the one before
_ZOOM = 8  # drawing is done at this many times the model's resolution
_STEP = 0.5  # pixels of a 28 x 28 picture between points that are kept
_FAR = 0.8  # of the drawing's longer side: a speck farther away than this is not part of it
_ENDLESS = 1e100  # a coordinate from here on is no place, infinite or not
_POINT = 1e-100  # a drawing smaller than this is one point, whatever the pen: it cannot be enlarged
_AT_A_TIME = 200  # points of a line that Pillow draws at a time: nothing else in the process can run meanwhile
_SPECK = 0.08  # of the drawing's longer side: what is smaller than this may be a speck


def draw_strokes(strokes: Sequence[np.ndarray], pen_width: float = 0.0, pen: float = MNIST_STROKE_WIDTH) -> np.ndarray:
    """Pen strokes -> model input.

    Parameters
    ----------
    strokes : arrays of shape (n, 2), x to the right and y down, in any unit. Points that are
        not finite are left out. A stroke of one point is a dot.
    pen_width : width of the pen they were drawn with, in the same unit. A drawing smaller than
        half of it is the dot that was seen, not the trembling inside it.
    pen : width to draw them with, in pixels of the result.

    Returns
    -------
    float32 array of shape (28, 28), 0 to 1.

    Raises
    ------
    NoInk
        If no stroke has a finite point.
    InvalidStrokes
        If a stroke is not an array of numbers of shape (n, 2), if `pen_width` is not a number, and if
        there are more than `MOST_STROKES` strokes, or more than `MOST_POINTS` points that differ visibly.
    """
    return normalize_redrawn(redraw(strokes, pen_width, pen), pen)


def normalize_redrawn(ink: np.ndarray, pen: float = MNIST_STROKE_WIDTH) -> np.ndarray:
    """What `redraw` returned for this `pen` -> model input, float32 (28, 28), 0 to 1."""
    return dot(pen) if max(ink.shape) <= (pen + 2) * _ZOOM + 1 else normalize(ink)


def redraw(strokes: Sequence[np.ndarray], pen_width: float = 0.0, pen: float = MNIST_STROKE_WIDTH) -> np.ndarray:
    """As `draw_strokes`, but before it is brought to normal form: float32 (h, w), 0 to 1."""
    strokes = without_specks(finite_strokes(strokes))
    everything = np.concatenate(strokes)
    low, high = everything.min(axis=0), everything.max(axis=0)
    longer = float((high - low).max())
    scale = (BOX - pen) / longer if longer > max(_trembling(pen_width), _POINT) else 0.0
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
    radius = (pen * _ZOOM - 1) / 2  # Pillow counts the pixels of both edges in
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
    """The strokes as float64 arrays (n, 2) without points that are not finite.

    Raises NoInk if there is none, or InvalidStrokes.
    """
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
        raise NoInk("there are no strokes; draw a digit first")
    return kept


def _points(stroke: np.ndarray) -> np.ndarray:
    try:
        points = np.asarray(stroke)
        if points.size and points.dtype.kind not in "iuf":
            raise ValueError("these are no numbers")
        points = points.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise InvalidStrokes(
            f"a stroke must be an array of numbers of shape (n, 2). Got {reprlib.repr(stroke)}."
        ) from None
    if points.size and (points.ndim != 2 or points.shape[1] != 2):
        raise InvalidStrokes(f"a stroke must be an array of shape (n, 2). Got shape {points.shape}.")
    return points.reshape(-1, 2)


def _trembling(pen_width: float) -> float:
    """How large a drawing by a pen of that width may be and still be a dot; raises InvalidStrokes."""
    try:
        width = float(pen_width)
    except (TypeError, ValueError, OverflowError):
        raise InvalidStrokes(f"pen_width must be a number of pixels. Got {reprlib.repr(pen_width)}.") from None
    return width / 2 if width > 0 else 0.0  # a width of NaN is none either


def without_specks(strokes: list[np.ndarray]) -> list[np.ndarray]:
    """Leave out strokes that are tiny and far from all others: the pen only touched the paper there."""
    if len(strokes) == 1:
        return strokes
    sizes = np.array([np.ptp(stroke, axis=0).max() for stroke in strokes])
    body = [stroke for stroke, size in zip(strokes, sizes, strict=True) if size >= _SPECK * sizes.max()]
    points = np.concatenate(body)
    longer = np.ptp(points, axis=0).max()
    low, high = points.min(axis=0), points.max(axis=0)

    def is_far(stroke: np.ndarray) -> bool:
        middle = stroke.mean(axis=0)
        outside = np.maximum(np.maximum(low - middle, middle - high), 0)
        return float(np.hypot(*outside)) > _FAR * longer

    return [
        stroke
        for stroke, size in zip(strokes, sizes, strict=True)
        if size >= _SPECK * sizes.max() or not is_far(stroke)
    ]


def thinned(points: np.ndarray, step: float) -> np.ndarray:
    """Points (n, 2) at least about `step` apart along the line; first and last are kept."""
    if len(points) < 3:
        return points
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    keep = np.empty(len(points), dtype=bool)
    keep[0] = keep[-1] = True
    cell = np.floor(along / step)
    keep[1:-1] = cell[1:-1] > cell[:-2]
    return points[keep]
