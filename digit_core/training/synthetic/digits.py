"""Digits written by a generator of pen strokes and drawn as any drawing is.

MNIST's writers were taught one school's hand. The generator adds other ways of writing, and
what it writes goes through the same code as a person's strokes.
"""

import numpy as np

from digit_core.preprocessing.strokes import draw_strokes
from digit_core.training.synthetic.digit_templates import DIGIT_TEMPLATES
from digit_core.training.synthetic.pen_curves import Plan, write


def generate_digits(
    count: int, rng: np.random.Generator, shares: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Write `count` digits.

    Parameters
    ----------
    shares : array of shape (10,), relative frequency of each digit; equal by default.

    Returns
    -------
    uint8 array of shape (count, 28, 28), and int64 labels of shape (count,).
    """
    chances = np.full(10, 0.1) if shares is None else np.asarray(shares) / np.sum(shares)
    labels = rng.choice(10, count, p=chances)
    images = np.empty((count, 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:] = render(write(DIGIT_TEMPLATES[label](rng), rng), rng)
    return images, labels


def render(strokes: Plan, rng: np.random.Generator) -> np.ndarray:
    """Strokes (n, 2) -> uint8 model input (28, 28), with about MNIST's pen."""
    pen = float(np.clip(rng.normal(2.4, 0.25), 1.6, 3.4))
    return (draw_strokes(strokes, pen=pen) * 255 + 0.5).astype(np.uint8)
