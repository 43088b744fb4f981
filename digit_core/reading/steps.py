"""The way from a drawing to the model's input, for people to see."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from digit_core.reading.canvas_paths import Drawing
from digit_core.reading.ink import find_ink
from digit_core.reading.pen_width import normal_form, with_mnist_pen
from digit_core.reading.strokes import draw_strokes, finite, redrawn


@dataclass(frozen=True)
class Step:
    """One station: what was done, and the ink after it, float32 (h, w), 0 to 1."""

    title: str
    ink: np.ndarray


def steps_of_drawing(drawing: Drawing, size: int) -> tuple[Step, ...]:
    """From strokes on a canvas of `size` pixels a side. Raises NoInk or InvalidStrokes."""
    ink = redrawn(drawing.strokes, drawing.pen_width)
    return (
        Step("Your drawing", _painted(drawing, size)),
        Step("Redrawn with MNIST's pen", _squared(ink)),
        Step("What the model sees: 28 × 28 pixels", draw_strokes(drawing.strokes, drawing.pen_width)),
    )


def steps_of_picture(image: Image.Image | np.ndarray) -> tuple[Step, ...]:
    """From a picture of one digit. Raises NoInk or InvalidImage."""
    found = find_ink(image)
    ink = with_mnist_pen(found)
    return (
        Step("The ink that was found", _squared(found)),
        Step("Redrawn with MNIST's pen", _squared(ink)),
        Step("What the model sees: 28 × 28 pixels", normal_form(found)),
    )


def _painted(drawing: Drawing, size: int) -> np.ndarray:
    image = Image.new("L", (size, size))
    draw = ImageDraw.Draw(image)
    radius = drawing.pen_width / 2
    for stroke in finite(drawing.strokes):
        points = [tuple(point) for point in stroke]
        if len(points) > 1:
            draw.line(points, fill=255, width=max(round(drawing.pen_width), 1))
        for x, y in points:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(image, dtype=np.float32) / 255


def _squared(ink: np.ndarray) -> np.ndarray:
    """The ink in the middle of a square, so that pictures of it are not stretched."""
    height, width = ink.shape
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    return np.pad(ink, ((top, side - height - top), (left, side - width - left)))
