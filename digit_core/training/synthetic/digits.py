"""Synthetic digits: handwriting templates, varied at random and rendered like a user's drawing.

MNIST's writers learned to write in American schools. The templates add other ways of writing the digits.
"""

import numpy as np

from digit_core.preprocessing.strokes import draw_strokes
from digit_core.training.synthetic.digit_templates import DIGIT_TEMPLATES
from digit_core.training.synthetic.pen_curves import Plan, perturb


def generate_digits(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Random digits, each equally likely: uint8 (count, 28, 28), and int64 labels (count,)."""
    # Equal chances given as `p` draw other numbers than no `p`: these are the ones that runs were trained with.
    labels = rng.choice(10, count, p=np.full(10, 0.1))
    images = np.empty((count, 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:] = render(perturb(DIGIT_TEMPLATES[label](rng), rng), rng)
    return images, labels


def render(strokes: Plan, rng: np.random.Generator) -> np.ndarray:
    """Strokes (n, 2) -> uint8 model input (28, 28), with a stroke width close to MNIST's."""
    pen = float(np.clip(rng.normal(2.4, 0.25), 1.6, 3.4))
    return (draw_strokes(strokes, pen=pen) * 255 + 0.5).astype(np.uint8)
