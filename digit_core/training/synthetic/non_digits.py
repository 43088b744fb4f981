"""Non-digits: the examples of the eleventh class, "not a digit".

Letters and symbols, handwritten or in the fonts that come with matplotlib; scribbles; several digits
side by side, or a digit and a piece of its neighbour; digits crossed out, rotated or mirrored.
Anything that could be a digit in some handwriting is left out: a rotated 6 is a 9.
"""

from functools import cache

import numpy as np
from PIL import Image

from digit_core.training.synthetic.digit_templates import DIGIT_TEMPLATES
from digit_core.training.synthetic.digits import render, written_digit
from digit_core.training.synthetic.fonts import distorted, glyph_image
from digit_core.training.synthetic.letter_templates import random_letter
from digit_core.training.synthetic.pen_curves import Plan, perturb, rotation, smooth

FONTS = ("DejaVuSans", "DejaVuSansMono", "DejaVuSerif", "DejaVuSans-Oblique", "DejaVuSerif-Italic", "cmmi10")
GLYPHS = "AEFHKMNPRTVWXYfhkmnprtuvwx+*#&?!<>{}@%=~^$€ÄÉÑæñλπωΔΣΩΨψжшщюяЖЮЯ±√∞≈"
_ROTATIONS = {2: (90,), 3: (90, 270), 4: (90, 180, 270), 5: (90, 270), 7: (90, 270), 6: (90, 270), 9: (90, 270)}
_MIRRORED = (3, 4, 6, 7, 9)
_LEAST_PIECE = 0.4  # of a digit's height: a digit with a speck beside it is still a digit


def generate_non_digits(count: int, rng: np.random.Generator) -> np.ndarray:
    """Random images that show no digit: uint8 (count, 28, 28)."""
    kinds = (_letter, _glyph, _scribble, _several_digits, _digit_and_piece, _rotated_or_mirrored, _crossed_out)
    picked = rng.choice(len(kinds), count, p=(0.54, 0.09, 0.09, 0.11, 0.06, 0.06, 0.05))
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
    """Two or three digits side by side or touching, as when a line of digits was not split."""
    strokes: Plan = []
    for digit in rng.integers(0, 10, rng.choice([2, 2, 3])):
        strokes += _to_the_right_of(strokes, written_digit(int(digit), rng), rng)
    return render(strokes, rng)


def _digit_and_piece(rng: np.random.Generator) -> np.ndarray:
    """A digit and the near part of a neighbour, as when two digits were cut apart in the wrong place."""
    digit, other = (written_digit(int(d), rng) for d in rng.integers(0, 10, 2))
    is_left = rng.random() < 0.5
    points = np.concatenate(other)[:, 0]
    at = np.quantile(points, rng.uniform(0.25, 0.5))
    piece = [part for stroke in other for part in _left_part(-stroke if is_left else stroke, -at if is_left else at)]
    piece = [-part if is_left else part for part in piece]
    if not piece or np.ptp(np.concatenate(piece)[:, 1]) < _LEAST_PIECE:
        return _several_digits(rng)
    first, second = (piece, digit) if is_left else (digit, piece)
    return render([*first, *_to_the_right_of(first, second, rng)], rng)


def _left_part(stroke: np.ndarray, limit: float) -> Plan:
    """The longest pieces of a stroke (n, 2) that lie left of `limit`."""
    inside = stroke[:, 0] <= limit
    pieces = np.split(stroke, np.flatnonzero(np.diff(inside)) + 1)
    return [piece for piece in pieces if len(piece) > 2 and piece[0, 0] <= limit]


def _to_the_right_of(strokes: Plan, added: Plan, rng: np.random.Generator) -> Plan:
    """The added strokes, moved to stand beside the others or to touch them a little."""
    if not strokes:
        return added
    points = np.concatenate(added)
    right = np.concatenate(strokes)[:, 0].max()
    shift = (right + rng.uniform(-0.12, 0.3) - points[:, 0].min(), rng.normal(0, 0.08) - points[:, 1].min())
    return [stroke + shift for stroke in added]


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
    return distorted(glyphs[rng.integers(len(glyphs))], rng, slant=0.15, stretch=0.2)


@cache
def _glyphs() -> tuple[Image.Image, ...]:
    """Every glyph in every font that has it."""
    images = (glyph_image(font, glyph) for font in FONTS for glyph in GLYPHS)
    return tuple(image for image in images if image is not None)
