"""From the objects of a Fabric.js canvas to pen strokes and a test image.

Fabric smooths freehand lines into quadratic Bezier curves ("M x y Q cx cy x y ... L x y").
Its path coordinates are canvas pixels as drawn; `left`, `top`, `scaleX`, `scaleY` and `angle` of
the object tell how the stroke was moved, scaled or rotated since. A test image is an object among
the strokes, so undo and clear apply to it too.

The message comes from a browser and can hold anything: every value is checked here.
"""

import base64
import io
import math
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from digit_core.errors import InvalidStrokes
from digit_core.preprocessing.decoding import PILLOW_ERRORS
from digit_core.preprocessing.normalize import SIDE
from digit_core.preprocessing.strokes import MOST_STROKES

FARTHEST = 10_000.0  # pixels from the canvas's corner; coordinates are clipped to it
MOST_POINTS = 50_000  # of a drawing: it is drawn several times at each lift of the pen
WIDEST = 1000.0  # pixels: a wider pen would cover any canvas
_LARGEST_NUMBER = 1e6  # far beyond the coordinates, scales and angles of real drawings
_CURVE_POINTS = np.linspace(0, 1, 5)[1:].tolist()
_PNG = "data:image/png;base64,"
_LONGEST_SOURCE = 10_000  # characters of an image's address; 28 x 28 pixels need at most about 1,500
_ORIGIN = {"left": -0.5, "top": -0.5, "center": 0.0, "right": 0.5, "bottom": 0.5}


@dataclass(frozen=True)
class Drawing:
    """Strokes, float64 (n, 2) each in canvas pixels, y down, and the width of the pen in pixels.

    `picture`: a test image, uint8 (28, 28), that fills the canvas under them, or None.
    """

    strokes: tuple[np.ndarray, ...]
    pen_width: float
    picture: np.ndarray | None = None

    def __bool__(self) -> bool:
        return bool(self.strokes) or self.picture is not None

    @property
    def longer_side(self) -> float:
        """Of the box around the points, in pixels; 0 without strokes."""
        return float(np.ptp(np.concatenate(self.strokes), axis=0).max()) if self.strokes else 0.0

    def scaled(self, factor: float) -> "Drawing":
        """The same drawing on a canvas whose side is `factor` times as long."""
        return replace(
            self, strokes=tuple(stroke * factor for stroke in self.strokes), pen_width=self.pen_width * factor
        )


def drawing_from_canvas(objects: list[Mapping[str, Any]]) -> Drawing:
    """The pen strokes and the test image among a Fabric canvas's objects; other shapes are ignored.

    Coordinates are clipped to `FARTHEST` and the pen's width to 0 to `WIDEST`.

    Raises InvalidStrokes if the objects, a path or an image are not what Fabric sends, and if
    there are more than `MOST_STROKES` objects or `MOST_POINTS` points.
    """
    if not isinstance(objects, list | tuple) or not all(isinstance(item, Mapping) for item in objects):
        raise InvalidStrokes("The canvas sent something other than a list of shapes. Clear it and draw again.")
    if len(objects) > MOST_STROKES:
        raise _too_much(f"{len(objects):,} strokes", f"{MOST_STROKES:,}")
    strokes, widths = [], []
    for item in objects:
        if str(item.get("type", "")).lower() != "path":
            continue
        try:
            points = np.array(list(_points(item["path"])), np.float64)
            strokes.append(_transformed(points, item).clip(-FARTHEST, FARTHEST))
            widths.append(_number(item, "strokeWidth", 1) * _number(item, "scaleX", 1))
        except (KeyError, ValueError) as error:
            reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise InvalidStrokes(
                f"The canvas sent a path that cannot be read ({reason}). Clear it and draw again."
            ) from None
        if sum(map(len, strokes)) > MOST_POINTS:
            raise _too_much(f"more than {MOST_POINTS:,} points", f"{MOST_POINTS:,}")
    width = float(np.clip(np.median(widths), 0, WIDEST)) if widths else 1.0
    return Drawing(tuple(strokes), width, _picture_from(objects))


def picture_object(image: np.ndarray, size: int) -> dict[str, Any]:
    """A model input, uint8 (28, 28), ink is 255, as a Fabric object that fills a canvas of `size` pixels a side."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return {
        "type": "Image",
        "src": _PNG + base64.b64encode(file.getvalue()).decode(),
        "left": 0,
        "top": 0,
        "originX": "left",
        "originY": "top",
        "width": SIDE,
        "height": SIDE,
        "scaleX": size / SIDE,
        "scaleY": size / SIDE,
        "selectable": False,
    }


def _picture_from(objects: list[Mapping[str, Any]]) -> np.ndarray | None:
    """The last image among a canvas's objects, uint8 (28, 28), or None. Raises InvalidStrokes if it is not ours."""
    sources = [item.get("src") for item in objects if str(item.get("type", "")).lower() == "image"]
    if not sources:
        return None
    source = sources[-1]
    try:
        if not isinstance(source, str) or not source.startswith(_PNG) or len(source) > _LONGEST_SOURCE:
            raise ValueError("it is not a small PNG")
        with Image.open(io.BytesIO(base64.b64decode(source.removeprefix(_PNG), validate=True)), formats=["PNG"]) as png:
            if png.size != (SIDE, SIDE):
                raise ValueError(f"it has {png.width} x {png.height} pixels")
            return np.asarray(png.convert("L"))
    except PILLOW_ERRORS as error:  # base64's is a ValueError
        raise InvalidStrokes(
            f"The canvas sent an image that cannot be read ({error}). Clear it and draw again."
        ) from None


def _points(path: object) -> Iterator[tuple[float, float]]:
    """The points of a path's lines, and four of each of its curves. Raises ValueError."""
    if not isinstance(path, list | tuple) or not path:
        raise ValueError("it is not a list of commands")
    if len(path) > MOST_POINTS:
        raise _too_much(f"a stroke of {len(path):,} points", f"{MOST_POINTS:,}")
    x0 = y0 = None
    for part in path:
        if not isinstance(part, list | tuple) or not part:
            raise ValueError(f"{reprlib.repr(part)} is not a command")
        command, *numbers = part
        if command in ("M", "L") and len(numbers) == 2:
            x0, y0 = map(_checked, numbers)
            yield x0, y0
        elif command == "Q" and len(numbers) == 4 and x0 is not None:
            x1, y1, x2, y2 = map(_checked, numbers)
            for t in _CURVE_POINTS:
                a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t**2
                yield a * x0 + b * x1 + c * x2, a * y0 + b * y1 + c * y2
            x0, y0 = x2, y2
        elif command not in ("Z", "z"):
            raise ValueError(f"{reprlib.repr(part)} is not a command")
    if x0 is None:
        raise ValueError("it has no points")


def _transformed(points: np.ndarray, item: Mapping[str, Any]) -> np.ndarray:
    """The stroke where its object is now: Fabric keeps the path as drawn and moves, scales and rotates its box."""
    if "left" not in item or "width" not in item:
        return points
    scale = np.array([_number(item, "scaleX", 1), _number(item, "scaleY", 1)])
    size = np.array([_number(item, "width"), _number(item, "height")])
    outer = (size + _number(item, "strokeWidth", 0)) * scale
    turn = np.deg2rad(_number(item, "angle", 0))
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    origin = np.array([_origin(item, "originX", "left"), _origin(item, "originY", "top")])
    centre = np.array([_number(item, "left"), _number(item, "top")]) - (origin * outer) @ rotation
    middle = (points.min(0) + points.max(0)) / 2
    return ((points - middle) * scale) @ rotation + centre


def _origin(item: Mapping[str, Any], name: str, default: str) -> float:
    value = item.get(name, default)
    if not isinstance(value, str) or value not in _ORIGIN:
        raise ValueError(f"{name} is {reprlib.repr(value)}")
    return _ORIGIN[value]


def _number(item: Mapping[str, Any], name: str, default: float | None = None) -> float:
    """A number of an object. Raises KeyError if it is missing and has no default, or ValueError."""
    return _checked(item[name] if default is None else item.get(name, default), name)


def _checked(value: object, name: str = "a coordinate") -> float:
    """A finite number of at most a million. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is {reprlib.repr(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} is {value}")
    if abs(value) > _LARGEST_NUMBER:
        raise ValueError(f"{name} is larger than {_LARGEST_NUMBER:,.0f}")
    return float(value)


def _too_much(given: str, most: str) -> InvalidStrokes:
    return InvalidStrokes(f"The drawing has {given}, and at most {most} can be read. Clear it and draw again.")
