"""The normal form of all model inputs: MNIST's own.

The ink's bounding box is scaled, aspect kept, until its longer side is 20 pixels, and its
centre of mass is put in the middle of a 28 x 28 image (LeCun et al. 1998, section III-A).
Unlike MNIST's, the shift is not rounded to whole pixels, so that position and size of a drawing
do not matter.
"""

import numpy as np

from digit_core.errors import NoInk

SIDE = 28  # pixels, width and height of a model input
BOX = 20  # pixels, longer side of the ink in a model input
FAINTEST = 0.25  # ink below this part of the darkest ink does not widen the bounding box
_SMOOTH_ENOUGH = 3 * BOX  # ink with fewer pixels than this is interpolated, not only averaged


def to_float(images: np.ndarray) -> np.ndarray:
    """uint8 of any shape -> float32, 0 to 1."""
    return images.astype(np.float32) / 255


def normalize(ink: np.ndarray) -> np.ndarray:
    """Ink of any size and position, float (h, w), 0 (paper) to 1 (ink) -> model input, float32 (28, 28), 0 to 1.

    Raises NoInk if there is nothing darker than paper.
    """
    ink = np.asarray(ink, dtype=np.float32)
    top, bottom, left, right = bounding_box(ink)
    ink = ink[top:bottom, left:right]
    height, width = ink.shape
    scale = BOX / max(height, width)
    if max(height, width) < _SMOOTH_ENOUGH:
        times = -(-_SMOOTH_ENOUGH // max(height, width))
        ink = _stretch(height, times) @ ink @ _stretch(width, times).T
        scale /= times
    rows, columns = ink.sum(axis=1), ink.sum(axis=0)
    down = _averaging(rows, scale)
    across = _averaging(columns, scale)
    return np.clip(down @ ink @ across.T, 0.0, 1.0)


def dot(width: float) -> np.ndarray:
    """The model input of a single dot, float32 (28, 28), `width` pixels wide: enlarged it would be a filled zero."""
    away = np.abs(np.arange(SIDE) + 0.5 - SIDE / 2)
    return np.clip(width / 2 + 0.5 - np.hypot(away[:, None], away), 0.0, 1.0).astype(np.float32)


def bounding_box(ink: np.ndarray) -> tuple[int, int, int, int]:
    """Top, bottom, left, right (ends excluded) of the ink of a float array (h, w). Raises NoInk if there is none."""
    darkest = ink.max(initial=0.0)
    if not darkest > 0:
        raise NoInk("There is no ink in the picture. Draw a digit first.")
    return box_of(ink >= FAINTEST * darkest)


def box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Top, bottom, left, right (ends excluded) of the true pixels of a mask (h, w), of which there is at least one."""
    rows, columns = mask.any(axis=1), mask.any(axis=0)
    bottom, right = len(rows) - int(rows[::-1].argmax()), len(columns) - int(columns[::-1].argmax())
    return int(rows.argmax()), bottom, int(columns.argmax()), right


def distance_to_box(points: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Distance (n,) of points (n, 2) from the box with corners `low` and `high`, each (2,); 0 inside."""
    return np.hypot(*np.maximum(np.maximum(low - points, points - high), 0).T)


def _averaging(mass: np.ndarray, scale: float) -> np.ndarray:
    """Matrix (28, n) that scales n pixels by `scale`, averages by area, and centres `mass` (n,)."""
    edges = np.arange(len(mass) + 1, dtype=np.float64) * scale
    middle = (edges[:-1] + edges[1:]) @ mass / (2 * mass.sum())
    edges += SIDE / 2 - middle
    pixel = np.arange(SIDE)[:, None]
    overlap = np.minimum(edges[1:], pixel + 1) - np.maximum(edges[:-1], pixel)
    return np.maximum(overlap, 0.0).astype(np.float32)


def _stretch(length: int, times: int) -> np.ndarray:
    """Matrix (length * times, length) of linear interpolation between pixel centres."""
    at = np.clip((np.arange(length * times) + 0.5) / times - 0.5, 0, length - 1)
    return np.maximum(1 - np.abs(at[:, None] - np.arange(length)), 0.0).astype(np.float32)
