"""What is not a digit: the examples of the eleventh class.

Letters and signs written by hand or taken from the fonts that come with matplotlib, scribbles,
pairs and pieces of digits, digits that were turned or mirrored. What could be some hand's
digit is left out: turning a 6 gives a 9, and half of an 8 is a 3.
"""

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digit_core.preprocessing.normalize import normalize, to_float
from digit_core.training.synthetic.digit_templates import DIGIT_TEMPLATES
from digit_core.training.synthetic.digits import render
from digit_core.training.synthetic.letter_templates import letter
from digit_core.training.synthetic.pen_curves import Plan, smooth, write

FONTS = ("DejaVuSans", "DejaVuSansMono", "DejaVuSerif", "DejaVuSans-Oblique", "DejaVuSerif-Italic", "cmmi10")
GLYPHS = "AEFHKMNPRTVWXYfhkmnprtuvwx+*#&?!<>{}@%=~^$€ÄÉÑæñλπωΔΣΩΨψжшщюяЖЮЯ±√∞≈"
_TURNS = {2: (90,), 3: (90, 270), 4: (90, 180, 270), 5: (90, 270), 7: (90, 270), 6: (90, 270), 9: (90, 270)}
_MIRRORED = (3, 4, 6, 7, 9)


def generate_non_digits(count: int, rng: np.random.Generator) -> np.ndarray:
    """Write `count` things that are not digits: uint8 array of shape (count, 28, 28)."""
    kinds = (_sign, _glyph, _scribble, _pair, _turned, _crossed_out)
    picked = rng.choice(len(kinds), count, p=(0.6, 0.1, 0.1, 0.08, 0.07, 0.05))
    images = np.empty((count, 28, 28), dtype=np.uint8)
    for image, kind in zip(images, picked, strict=True):
        image[:] = kinds[kind](rng)
    return images


def _sign(rng: np.random.Generator) -> np.ndarray:
    return render(write(letter(rng), rng), rng)


def _scribble(rng: np.random.Generator) -> np.ndarray:
    """A few random curves, smooth or jagged."""
    strokes: Plan = []
    for _ in range(rng.integers(1, 4)):
        turns = np.cumsum(rng.normal(0, 0.35, (rng.integers(4, 12), 2)), axis=0)
        strokes.append(smooth(turns) if rng.random() < 0.7 else turns)
    return render(strokes, rng)


def _pair(rng: np.random.Generator) -> np.ndarray:
    """Two or three digits side by side, as when a line of digits was not split."""
    strokes: Plan = []
    right = 0.0
    for digit in rng.integers(0, 10, rng.choice([2, 2, 3])):
        own = write(DIGIT_TEMPLATES[digit](rng), rng)
        points = np.concatenate(own)
        shift = (right - points[:, 0].min(), rng.normal(0, 0.08) - points[:, 1].min())
        strokes += [stroke + shift for stroke in own]
        right += np.ptp(points[:, 0]) + rng.uniform(0.05, 0.35)
    return render(strokes, rng)


def _turned(rng: np.random.Generator) -> np.ndarray:
    """A digit on its side, upside down, or mirrored, where that is not another digit."""
    if rng.random() < 0.5:
        digit = rng.choice(_MIRRORED)
        return render([stroke * (-1, 1) for stroke in write(DIGIT_TEMPLATES[digit](rng), rng, wildness=0.6)], rng)
    digit = rng.choice(list(_TURNS))
    turn = np.radians(rng.choice(_TURNS[int(digit)]))
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return render([stroke @ matrix.T for stroke in write(DIGIT_TEMPLATES[digit](rng), rng, wildness=0.6)], rng)


def _crossed_out(rng: np.random.Generator) -> np.ndarray:
    """A digit that was crossed out, or hatched over."""
    strokes = write(DIGIT_TEMPLATES[rng.integers(1, 10)](rng), rng)
    points = np.concatenate(strokes)
    low, size = points.min(axis=0), np.ptp(points, axis=0) + 0.1
    lines = rng.integers(2, 6)
    for _ in range(lines):
        ends = np.array([[rng.uniform(-0.2, 0.1), rng.uniform(0, 1)], [rng.uniform(0.9, 1.2), rng.uniform(0, 1)]])
        strokes.append(ends * size + low)
    return render(strokes, rng)


def _glyph(rng: np.random.Generator) -> np.ndarray:
    """A printed letter or sign, slanted and stretched a little."""
    glyphs = _glyphs()
    glyph = glyphs[rng.integers(len(glyphs))]
    width, height = glyph.size
    slant, stretch = rng.normal(0, 0.15), np.exp(rng.normal(0, 0.2))
    wide = int(width * stretch + abs(slant) * height) + 2
    matrix = (1 / stretch, slant, -max(slant, 0.0) * height, 0, 1, 0)
    moved = glyph.transform((wide, height), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    return (normalize(to_float(np.asarray(moved))) * 255 + 0.5).astype(np.uint8)


@cache
def _glyphs() -> tuple[Image.Image, ...]:
    """Every glyph in every font that has it, 60 pixels high or so."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    pictures = []
    for name in FONTS:
        font = ImageFont.truetype(folder / f"{name}.ttf", 64)
        missing = _render(font, "\uffff")
        for sign in GLYPHS:
            picture = _render(font, sign)
            if picture is not None and (missing is None or picture.tobytes() != missing.tobytes()):
                pictures.append(picture)
    return tuple(pictures)


def _render(font: ImageFont.FreeTypeFont, sign: str) -> Image.Image | None:
    left, top, right, bottom = font.getbbox(sign)
    if right - left < 8 or bottom - top < 8:
        return None
    image = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
    ImageDraw.Draw(image).text((2 - left, 2 - top), sign, fill=255, font=font)
    return image if image.getbbox() else None
