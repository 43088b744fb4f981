"""Handwriting as a coarse scan shows it: any pen, blurred into few pixels, the ink uneven, the contrast raised."""

import numpy as np
from PIL import Image, ImageFilter

from digit_core.preprocessing.normalize import normalize, to_float
from digit_core.preprocessing.strokes import redraw
from digit_core.training.synthetic.pen_curves import Plan

_PENS = 1.5, 3.6  # pixels of a model input
_BROAD_PENS, _BROAD = (3.6, 4.6), 0.12  # and those of so many, which fill loops
_SIDES = 13, 27  # pixels of the scan, longer side of the digit
_UNEVEN = 3  # pixels, the scale on which ink is uneven


def scan(strokes: Plan, rng: np.random.Generator) -> np.ndarray:
    """Strokes (n, 2) -> uint8 model input (28, 28), as a scan of a few pixels a side has it."""
    pen = rng.uniform(*(_BROAD_PENS if rng.random() < _BROAD else _PENS))
    ink = Image.fromarray((redraw(strokes, pen=pen) * 255).astype(np.uint8))
    scale = float(rng.integers(*_SIDES) / max(ink.size))
    blurred = ink.filter(ImageFilter.GaussianBlur(rng.uniform(0.0, 0.6) / scale))
    size = [max(round(side * scale), 2) for side in ink.size]
    small = to_float(np.asarray(blurred.resize(size, Image.Resampling.BOX)))
    coarse = rng.normal(1.0, 0.25, [-(-side // _UNEVEN) + 1 for side in small.shape])
    uneven = np.kron(coarse, np.ones((_UNEVEN, _UNEVEN)))[: small.shape[0], : small.shape[1]]
    seen = np.clip(small * uneven * rng.uniform(1.1, 2.2) - rng.uniform(0.0, 0.1), 0, 1)
    return (normalize(seen if seen.max() > 0 else small) * 255 + 0.5).astype(np.uint8)
