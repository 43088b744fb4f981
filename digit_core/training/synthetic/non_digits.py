"""Non-digits: the examples of the eleventh class, "not a digit".

Letters and symbols, handwritten or in the fonts that come with matplotlib; scribbles; several digits
side by side; digits crossed out, rotated or mirrored. Anything that could be a digit in some
handwriting is left out: a rotated 6 is a 9.
"""

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digit_core.preprocessing.normalize import normalize, to_float
from digit_core.training.synthetic.digit_templates import DIGIT_TEMPLATES
from digit_core.training.synthetic.digits import render
from digit_core.training.synthetic.letter_templates import random_letter
from digit_core.training.synthetic.pen_curves import Plan, perturb, rotation, smooth

FONTS = ("DejaVuSans", "DejaVuSansMono", "DejaVuSerif", "DejaVuSans-Oblique", "DejaVuSerif-Italic", "cmmi10")
GLYPHS = "AEFHKMNPRTVWXYfhkmnprtuvwx+*#&?!<>{}@%=~^$€ÄÉÑæñλπωΔΣΩΨψжшщюяЖЮЯ±√∞≈"
_ROTATIONS = {2: (90,), 3: (90, 270), 4: (90, 180, 270), 5: (90, 270), 7: (90, 270), 6: (90, 270), 9: (90, 270)}
_MIRRORED = (3, 4, 6, 7, 9)


def generate_non_digits(count: int, rng: np.random.Generator) -> np.ndarray:
    """Random images that show no digit: uint8 (count, 28, 28)."""
    kinds = (_letter, _glyph, _scribble, _several_digits, _rotated_or_mirrored, _crossed_out)
    picked = rng.choice(len(kinds), count, p=(0.6, 0.1, 0.1, 0.08, 0.07, 0.05))
    images = np.empty((count, 28, 28), dtype=np.uint8)
    for image, kind in zip(images, picked, strict=True):
        image[:] = kinds[kind](rng)
    return images


def _letter(rng: np.random.Generator) -> np.ndarray:
    return render(perturb(random_letter(rng), rng), rng)


def _scribble(rng: np.random.Generator) -> np.ndarray:
    """A few random curves, smooth or jagged."""
    strokes: Plan = []
    for _ in range(rng.integers(1, 4)):
        points = np.cumsum(rng.normal(0, 0.35, (rng.integers(4, 12), 2)), axis=0)
        strokes.append(smooth(points) if rng.random() < 0.7 else points)
    return render(strokes, rng)


def _several_digits(rng: np.random.Generator) -> np.ndarray:
    """Two or three digits side by side, as when a line of digits was not split."""
    strokes: Plan = []
    right = 0.0
    for digit in rng.integers(0, 10, rng.choice([2, 2, 3])):
        added = perturb(DIGIT_TEMPLATES[digit](rng), rng)
        points = np.concatenate(added)
        shift = (right - points[:, 0].min(), rng.normal(0, 0.08) - points[:, 1].min())
        strokes += [stroke + shift for stroke in added]
        right += np.ptp(points[:, 0]) + rng.uniform(0.05, 0.35)
    return render(strokes, rng)


def _rotated_or_mirrored(rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.5:
        digit, matrix = rng.choice(_MIRRORED), np.diag([-1, 1])
    else:
        digit = rng.choice(list(_ROTATIONS))
        matrix = rotation(np.radians(rng.choice(_ROTATIONS[int(digit)])))
    return render([stroke @ matrix.T for stroke in perturb(DIGIT_TEMPLATES[digit](rng), rng, strength=0.6)], rng)


def _crossed_out(rng: np.random.Generator) -> np.ndarray:
    """A digit crossed or hatched out with two to five lines."""
    strokes = perturb(DIGIT_TEMPLATES[rng.integers(1, 10)](rng), rng)
    points = np.concatenate(strokes)
    low, size = points.min(axis=0), np.ptp(points, axis=0) + 0.1
    for _ in range(rng.integers(2, 6)):
        ends = np.array([[rng.uniform(-0.2, 0.1), rng.uniform(0, 1)], [rng.uniform(0.9, 1.2), rng.uniform(0, 1)]])
        strokes.append(ends * size + low)
    return render(strokes, rng)


def _glyph(rng: np.random.Generator) -> np.ndarray:
    """A printed letter or symbol, slightly slanted and stretched."""
    glyphs = _glyphs()
    glyph = glyphs[rng.integers(len(glyphs))]
    width, height = glyph.size
    slant, stretch = rng.normal(0, 0.15), np.exp(rng.normal(0, 0.2))
    new_width = int(width * stretch + abs(slant) * height) + 2
    matrix = (1 / stretch, slant, -max(slant, 0.0) * height, 0, 1, 0)
    image = glyph.transform((new_width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    return (normalize(to_float(np.asarray(image))) * 255 + 0.5).astype(np.uint8)


@cache
def _glyphs() -> tuple[Image.Image, ...]:
    """Every glyph in every font that has it, about 60 pixels high."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    images = []
    for name in FONTS:
        font = ImageFont.truetype(folder / f"{name}.ttf", 64)
        missing = _glyph_image(font, "\uffff")
        for glyph in GLYPHS:
            image = _glyph_image(font, glyph)
            if image is not None and (missing is None or image.tobytes() != missing.tobytes()):
                images.append(image)
    return tuple(images)


def _glyph_image(font: ImageFont.FreeTypeFont, glyph: str) -> Image.Image | None:
    left, top, right, bottom = font.getbbox(glyph)
    if right - left < 8 or bottom - top < 8:
        return None
    image = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
    ImageDraw.Draw(image).text((2 - left, 2 - top), glyph, fill=255, font=font)
    return image if image.getbbox() else None
