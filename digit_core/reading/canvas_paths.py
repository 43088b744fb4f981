"""From what a Fabric.js canvas says was drawn to pen strokes.

Fabric smooths freehand lines into quadratic Bezier curves ("M x y Q cx cy x y ... L x y").
Its path coordinates are canvas pixels as drawn; when a person has moved, scaled or turned a
stroke since, `left`, `top`, `scaleX`, `scaleY` and `angle` of the object say so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from digit_core.errors import InvalidStrokes
from digit_core.reading.canvas_picture import picture_from_canvas

_CURVE_POINTS = np.linspace(0, 1, 5)[1:, None]
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


def drawing_from_canvas(objects: Iterable[Mapping[str, Any]]) -> Drawing:
    """The pen strokes and the test image among a Fabric canvas's objects; other shapes are left out.

    Raises InvalidStrokes if a path or an image is not one.
    """
    objects = list(objects)
    strokes, widths = [], []
    for item in objects:
        if str(item.get("type", "")).lower() != "path":
            continue
        try:
            points = _points(item["path"])
            strokes.append(_placed(points, item))
            widths.append(float(item.get("strokeWidth", 1)) * float(item.get("scaleX", 1)))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise InvalidStrokes(
                f"The canvas sent a path that cannot be read ({error}). Clear it and draw again."
            ) from None
    return Drawing(tuple(strokes), float(np.median(widths)) if widths else 1.0, picture_from_canvas(objects))


def _points(path: list) -> np.ndarray:
    points: list[np.ndarray] = []
    for command, *numbers in path:
        values = np.array(numbers, np.float64).reshape(-1, 2)
        if command in "ML":
            points.append(values)
        elif command == "Q":
            start, (control, end) = points[-1][-1], values
            t = _CURVE_POINTS
            points.append((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)
        elif command not in "Zz":
            raise ValueError(f"unknown command {command!r}")
    return np.concatenate(points)


def _placed(points: np.ndarray, item: Mapping[str, Any]) -> np.ndarray:
    """Where the stroke is now: Fabric keeps a path's own coordinates and says where its box went."""
    if "left" not in item or "width" not in item:
        return points
    scale = np.array([item.get("scaleX", 1.0), item.get("scaleY", 1.0)], float)
    size = np.array([item["width"], item["height"]], float)
    outer = (size + float(item.get("strokeWidth", 0))) * scale
    turn = np.deg2rad(float(item.get("angle", 0)))
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    origin = np.array([_ORIGIN[item.get("originX", "left")], _ORIGIN[item.get("originY", "top")]])
    centre = np.array([item["left"], item["top"]], float) - (origin * outer) @ rotation
    middle = (points.min(0) + points.max(0)) / 2
    return ((points - middle) * scale) @ rotation + centre
