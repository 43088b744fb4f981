"""A test image on a Fabric.js canvas: an object among the strokes, so undo and clear take it away too."""

import base64
import io
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from PIL import Image

from digit_core.errors import InvalidStrokes
from digit_core.preprocessing.decoding import PILLOW_ERRORS
from digit_core.preprocessing.normalize import SIDE

_PNG = "data:image/png;base64,"
_LONGEST = 10_000  # characters of an address; 28 x 28 pixels need at most about 1,500


def picture_object(image: np.ndarray, size: int) -> dict[str, Any]:
    """A model input, uint8 (28, 28), ink is 255, as an object that fills a canvas of `size` pixels a side."""
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


def picture_from_canvas(objects: Iterable[Mapping[str, Any]]) -> np.ndarray | None:
    """The image among a canvas's objects, uint8 (28, 28), or None if there is none.

    Raises InvalidStrokes if it is not one that `picture_object` made.
    """
    sources = [item.get("src") for item in objects if str(item.get("type", "")).lower() == "image"]
    if not sources:
        return None
    source = sources[-1]
    try:
        if not isinstance(source, str) or not source.startswith(_PNG) or len(source) > _LONGEST:
            raise ValueError("it is no small PNG")
        with Image.open(io.BytesIO(base64.b64decode(source.removeprefix(_PNG), validate=True)), formats=["PNG"]) as png:
            if png.size != (SIDE, SIDE):
                raise ValueError(f"it has {png.width} x {png.height} pixels")
            return np.asarray(png.convert("L"))
    except PILLOW_ERRORS as error:  # what base64 raises for a text that it cannot decode is a ValueError
        raise InvalidStrokes(
            f"The canvas sent an image that cannot be read ({error}). Clear it and draw again."
        ) from None
