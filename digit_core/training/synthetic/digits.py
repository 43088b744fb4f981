"""Synthetic digits: handwriting templates and fonts, varied at random and rendered like a drawing or a scan.

MNIST's writers learned to write in American schools. The templates add other ways of writing the
digits, and the fonts what is printed on forms.
"""

import numpy as np

from digit_core.preprocessing.strokes import draw_strokes
from digit_core.training.synthetic.cursive_templates import CURSIVE_SHARES, CURSIVE_TEMPLATES, with_stub
from digit_core.training.synthetic.digit_templates import DIGIT_TEMPLATES
from digit_core.training.synthetic.fonts import printed_digit
from digit_core.training.synthetic.pen_curves import Plan, perturb
from digit_core.training.synthetic.regional_templates import REGIONAL_TEMPLATES, SHARES
from digit_core.training.synthetic.scanning import scan

# Ones and sevens are confused most often outside America, then fours and nines.
_CHANCES = np.array([0.085, 0.15, 0.085, 0.085, 0.11, 0.085, 0.085, 0.12, 0.085, 0.11])
_PRINTED = 0.08  # share of printed digits
_STUBS = 0.06  # share of the handwriting that was cut from a line
_SCANNED = 0.25  # of the handwriting: share as a scan shows it


def generate_digits(count: int, rng: np.random.Generator, *, cursive: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Random digits: uint8 (count, 28, 28), and int64 labels (count,).

    `cursive`: also digits of hurried writing, some of which could be letters where nothing stands beside them.
    """
    labels = rng.choice(10, count, p=_CHANCES)
    images = np.empty((count, 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        if rng.random() < _PRINTED:
            image[:] = printed_digit(label, rng)
        else:
            show = scan if rng.random() < _SCANNED else render
            image[:] = show(written_digit(label, rng, cursive=cursive), rng)
    return images, labels


def generate_scans(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """As `generate_digits`, but all of them handwriting as a scan shows it."""
    labels = rng.choice(10, count, p=_CHANCES)
    return np.stack([scan(written_digit(label, rng), rng) for label in labels]), labels


def written_digit(digit: int, rng: np.random.Generator, *, cursive: bool = True) -> Plan:
    """A random handwritten version of a digit; `cursive`: also of hurried writing."""
    kind = rng.random() - SHARES.get(digit, 0.0)
    is_cursive = cursive and 0 <= kind < CURSIVE_SHARES.get(digit, 0.0)
    template = (REGIONAL_TEMPLATES if kind < 0 else CURSIVE_TEMPLATES if is_cursive else DIGIT_TEMPLATES)[digit]
    plan = perturb(template(rng), rng)
    return with_stub(plan, rng) if cursive and rng.random() < _STUBS else plan


def render(strokes: Plan, rng: np.random.Generator) -> np.ndarray:
    """Strokes (n, 2) -> uint8 model input (28, 28), with a stroke width close to MNIST's."""
    pen = float(np.clip(rng.normal(2.4, 0.25), 1.6, 3.4))
    return (draw_strokes(strokes, pen=pen) * 255 + 0.5).astype(np.uint8)
