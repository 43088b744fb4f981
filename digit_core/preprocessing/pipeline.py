"""The steps from a drawing or a picture to the model's input, for people to see."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from digit_core.preprocessing.fabric_canvas import FARTHEST, Drawing
from digit_core.preprocessing.normalize import to_float
from digit_core.preprocessing.stroke_width import normalize_picture, to_mnist_stroke_width
from digit_core.preprocessing.strokes import draw_line, finite_strokes, normalize_redrawn, redraw

_THIN = 0.1  # of a drawing's height
_NORMALISED = "Normalised stroke width"
_MODEL_INPUT = "Model input: 28 × 28 pixels"


@dataclass(frozen=True)
class Step:
    """One step: its title, and the ink after it, float32 (h, w), 0 to 1."""

    title: str
    ink: np.ndarray


def drawing_steps(drawing: Drawing, size: int) -> tuple[Step, ...]:
    """The steps for what is on a canvas of `size` pixels a side, from its rendering to the model input (28, 28).

    Strokes are redrawn with MNIST's pen. A test image is a model input already. A test image with
    strokes over it is processed as a picture. Raises NoInk or InvalidStrokes.
    """
    canvas = _rasterize(drawing, size)
    if drawing.picture is None:
        redrawn = redraw(drawing.strokes, drawing.pen_width)
        return (
            Step("Your drawing", canvas),
            Step(_NORMALISED, _square(redrawn)),
            Step(_MODEL_INPUT, normalize_redrawn(redrawn)),
        )
    model_input = normalize_picture(canvas) if drawing.strokes else drawing.picture.astype(np.float32) / 255
    return Step("Canvas", canvas), Step(_MODEL_INPUT, model_input)


def picture_steps(ink: np.ndarray, model_input: np.ndarray) -> tuple[Step, ...]:
    """The steps from the ink of one digit in a picture, float32 (h, w), to its model input (28, 28)."""
    return (
        Step("Extracted ink", _square(ink)),
        Step(_NORMALISED, _square(to_mnist_stroke_width(ink))),
        Step(_MODEL_INPUT, model_input),
    )


def thinned(drawing: Drawing) -> Drawing:
    """The same strokes in a pen that fills no loop of their digits; there is at least one."""
    high = float(np.ptp(np.concatenate(drawing.strokes), axis=0)[1])
    return replace(drawing, pen_width=min(drawing.pen_width, max(_THIN * high, drawing.pen_width / 4)))


def rasterized(drawing: Drawing, shape: tuple[int, int]) -> np.ndarray:
    """As a canvas of that shape shows it: float32 (h, w), 0 to 1."""
    height, width = shape
    return _rasterize(drawing, max(shape))[:height, :width]


def _rasterize(drawing: Drawing, size: int) -> np.ndarray:
    """The canvas as it looks: float32 (size, size), 0 to 1."""
    if drawing.picture is None:
        image = Image.new("L", (size, size))
    else:
        image = Image.fromarray(drawing.picture).resize((size, size), Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(image)
    # Pillow's time grows with the pen's width, visible or not.
    width = min(drawing.pen_width, float(size)) if drawing.pen_width > 0 else 0.0
    for stroke in finite_strokes(drawing.strokes) if drawing.strokes else ():
        draw_line(draw, stroke.clip(-FARTHEST, FARTHEST), max(round(width), 1), width / 2)
    return to_float(np.asarray(image))


def _square(ink: np.ndarray) -> np.ndarray:
    """The ink in the middle of a square, so that it is not stretched on screen."""
    height, width = ink.shape
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    return np.pad(ink, ((top, side - height - top), (left, side - width - left)))
