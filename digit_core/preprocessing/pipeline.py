"""The way from a drawing to the model's input, for people to see."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from digit_core.preprocessing.fabric_canvas import FARTHEST, Drawing
from digit_core.preprocessing.normalize import to_float
from digit_core.preprocessing.stroke_width import normalize_picture, to_mnist_stroke_width
from digit_core.preprocessing.strokes import draw_line, draw_strokes, finite_strokes, redraw


@dataclass(frozen=True)
class Step:
    """One station: what was done, and the ink after it, float32 (h, w), 0 to 1."""

    title: str
    ink: np.ndarray


def drawing_steps(drawing: Drawing, size: int) -> tuple[Step, ...]:
    """From what is on a canvas of `size` pixels a side. Raises NoInk or InvalidStrokes."""
    if drawing.picture is not None:
        return (
            Step("What is on the canvas", rasterize(drawing, size)),
            Step("What the model sees: 28 × 28 pixels", drawing_to_input(drawing, size)),
        )
    ink = redraw(drawing.strokes, drawing.pen_width)
    return (
        Step("Your drawing", rasterize(drawing, size)),
        Step("Redrawn with MNIST's pen", _squared(ink)),
        Step("What the model sees: 28 × 28 pixels", drawing_to_input(drawing, size)),
    )


def drawing_to_input(drawing: Drawing, size: int) -> np.ndarray:
    """The model input, float32 (28, 28), of what is on a canvas of `size` pixels a side.

    Strokes are drawn again; a test image is one already, and is taken as it is; a test image with
    strokes over it is one picture, and goes the way of pictures. Raises NoInk or InvalidStrokes.
    """
    if drawing.picture is None:
        return draw_strokes(drawing.strokes, drawing.pen_width)
    if not drawing.strokes:
        return to_float(drawing.picture)
    return normalize_picture(rasterize(drawing, size))


def ink_steps(ink: np.ndarray, model_input: np.ndarray) -> tuple[Step, ...]:
    """From a digit's own ink in a picture, float32 (h, w), to the model input (28, 28) that was read."""
    return (
        Step("The ink that was found", _squared(ink)),
        Step("Redrawn with MNIST's pen", _squared(to_mnist_stroke_width(ink))),
        Step("What the model sees: 28 × 28 pixels", model_input),
    )


def rasterize(drawing: Drawing, size: int) -> np.ndarray:
    """What is on a canvas of `size` pixels a side, as it looks: float32 (size, size), 0 to 1."""
    if drawing.picture is None:
        image = Image.new("L", (size, size))
    else:
        image = Image.fromarray(drawing.picture).resize((size, size), Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(image)
    # Pillow takes as long as a pen is wide, whatever of it can be seen.
    width = min(drawing.pen_width, float(size)) if drawing.pen_width > 0 else 0.0
    for stroke in finite_strokes(drawing.strokes) if drawing.strokes else ():
        draw_line(draw, stroke.clip(-FARTHEST, FARTHEST), max(round(width), 1), width / 2)
    return to_float(np.asarray(image))


def _squared(ink: np.ndarray) -> np.ndarray:
    """The ink in the middle of a square, so that pictures of it are not stretched."""
    height, width = ink.shape
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    return np.pad(ink, ((top, side - height - top), (left, side - width - left)))
