"""Printed characters in the fonts that come with matplotlib, as model inputs."""

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digit_core.preprocessing.normalize import normalize, to_float

_DIGIT_FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif", "DejaVuSerif-Bold",
    "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmr10", "cmss10", "cmtt10",
)  # fmt: skip
_SIZE = 64  # pixels


def printed_digit(digit: int, rng: np.random.Generator) -> np.ndarray:
    """A printed digit, uint8 (28, 28), slightly slanted and stretched."""
    font = _DIGIT_FONTS[rng.integers(len(_DIGIT_FONTS))]
    return distorted(glyph_image(font, str(digit)), rng, slant=0.08, stretch=0.12)


def distorted(glyph: Image.Image, rng: np.random.Generator, *, slant: float, stretch: float) -> np.ndarray:
    """A glyph as a model input, uint8 (28, 28); `slant` and `stretch` are the standard deviations of both."""
    width, height = glyph.size
    lean, wider = rng.normal(0, slant), np.exp(rng.normal(0, stretch))
    new_width = int(width * wider + abs(lean) * height) + 2
    matrix = (1 / wider, lean, -max(lean, 0.0) * height, 0, 1, 0)
    image = glyph.transform((new_width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    return (normalize(to_float(np.asarray(image))) * 255 + 0.5).astype(np.uint8)


@cache
def glyph_image(font: str, glyph: str) -> Image.Image | None:
    """A character, white on black, cropped, about 60 pixels high; None if the font lacks it or it is tiny."""
    loaded = _font(font)
    left, top, right, bottom = loaded.getbbox(glyph)
    if right - left < 8 or bottom - top < 8:
        return None
    image = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
    ImageDraw.Draw(image).text((2 - left, 2 - top), glyph, fill=255, font=loaded)
    if image.getbbox() is None:
        return None
    missing = None if glyph == "\uffff" else glyph_image(font, "\uffff")
    return None if missing is not None and image.tobytes() == missing.tobytes() else image


@cache
def _font(name: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf", _SIZE)
