"""Distortions of images, each with one strength.

Every function maps model inputs, float32 (n, 28, 28), 0 (paper) to 1 (ink), to distorted ones; the
strength is in the unit of its `Distortion`. Ink moved out of the image is lost.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

from digit_core.preprocessing.normalize import SIDE

_ZOOM = 4  # outlines are moved at this many times the model's resolution
_NOISE_SEED = 0


@dataclass(frozen=True)
class Distortion:
    """A way to change images: the ascending `strengths` are measured, `neutral` changes nothing."""

    name: str
    title: str
    unit: str
    neutral: float
    strengths: tuple[float, ...]
    apply: Callable[[np.ndarray, float], np.ndarray]


def rotation(images: np.ndarray, degrees: float) -> np.ndarray:
    """Rotated clockwise about the centre."""
    angle = np.deg2rad(degrees)
    return _mapped(images, np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle))


def shift(images: np.ndarray, pixels: float) -> np.ndarray:
    """Moved to the right; to the left below 0."""
    return _mapped(images, right=pixels)


def scale(images: np.ndarray, factor: float) -> np.ndarray:
    """Scaled about the centre by `factor`, above 0."""
    return _mapped(images, 1 / factor, 0.0, 0.0, 1 / factor)


def shear(images: np.ndarray, degrees: float) -> np.ndarray:
    """Slanted: upright strokes lean to the right by `degrees`; to the left below 0."""
    return _mapped(images, 1.0, np.tan(np.deg2rad(degrees)), 0.0, 1.0)


def pen_width(images: np.ndarray, pixels: float) -> np.ndarray:
    """Strokes thicker by `pixels`, thinner below 0: the outline moves by half of it along its distance field."""
    if pixels == 0:
        return images
    return np.stack([_with_pen(image, pixels) for image in images])


def noise(images: np.ndarray, deviation: float) -> np.ndarray:
    """With Gaussian noise of this standard deviation (ink is 1), always the same."""
    rng = np.random.default_rng(_NOISE_SEED)
    noisy = images + np.float32(deviation) * rng.standard_normal(images.shape, dtype=np.float32)
    return np.clip(noisy, 0, 1)


def blur(images: np.ndarray, sigma: float) -> np.ndarray:
    """Blurred with a Gaussian of `sigma` pixels."""
    return ndimage.gaussian_filter(images, (0, sigma, sigma), mode="constant")


_KINDS = (
    Distortion("rotation", "Rotation", "degrees", 0, (-60, -45, -30, -15, 0, 15, 30, 45, 60), rotation),
    Distortion("shift", "Shift to the right", "pixels", 0, (-8, -6, -4, -2, 0, 2, 4, 6, 8), shift),
    Distortion("scale", "Size", "factor", 1, (0.4, 0.55, 0.7, 0.85, 1, 1.15, 1.3, 1.5), scale),
    Distortion("shear", "Slant", "degrees", 0, (-45, -30, -20, -10, 0, 10, 20, 30, 45), shear),
    Distortion("pen_width", "Pen width", "pixels added", 0, (-2, -1.5, -1, -0.5, 0, 1, 2, 3), pen_width),
    Distortion("noise", "Noise", "standard deviation, ink is 1", 0, (0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4), noise),
    Distortion("blur", "Blur", "sigma in pixels", 0, (0, 0.5, 1, 1.25, 1.5, 1.75, 2, 2.5), blur),
)
DISTORTIONS: dict[str, Distortion] = {kind.name: kind for kind in _KINDS}


def distorted(images: np.ndarray, strengths: dict[str, float]) -> np.ndarray:
    """The named distortions in turn: of the pen, then of the geometry, then of the scan."""
    for name in ("pen_width", "scale", "shear", "rotation", "shift", "blur", "noise"):
        if name in strengths:
            images = DISTORTIONS[name].apply(images, strengths[name])
    return images


def _mapped(
    images: np.ndarray, xx: float = 1.0, xy: float = 0.0, yx: float = 0.0, yy: float = 1.0, right: float = 0.0
) -> np.ndarray:
    """Each pixel (x, y), from the centre, sampled at (xx x + xy y - right, yx x + yy y), linearly interpolated."""
    matrix = _sampling(float(xx), float(xy), float(yx), float(yy), float(right))
    flat = np.ascontiguousarray(images, np.float32).reshape(len(images), -1)
    return (flat @ matrix).reshape(images.shape)


@lru_cache(maxsize=8)
def _sampling(xx: float, xy: float, yx: float, yy: float, right: float) -> np.ndarray:
    """Matrix (784, 784) that maps flat images to flat images, all with one product."""
    middle = (SIDE - 1) / 2
    y, x = np.divmod(np.arange(SIDE * SIDE), SIDE) - np.array([[middle], [middle]])
    from_x, from_y = xx * x + xy * y - right + middle, yx * x + yy * y + middle
    grid = np.arange(SIDE)[:, None]
    # Rounded so that a position on a pixel samples that pixel alone.
    across = np.maximum(1 - np.abs(np.round(from_x, 9) - grid), 0)
    down = np.maximum(1 - np.abs(np.round(from_y, 9) - grid), 0)
    return (down[:, None] * across[None]).reshape(SIDE * SIDE, SIDE * SIDE).astype(np.float32)


def _with_pen(image: np.ndarray, pixels: float) -> np.ndarray:
    fine = ndimage.zoom(image, _ZOOM, order=1, mode="grid-constant", grid_mode=True)
    ink = fine > 0.5
    if not ink.any():
        return np.zeros_like(image)
    edge = np.where(ink, ndimage.distance_transform_edt(ink) - 0.5, 0.5 - ndimage.distance_transform_edt(~ink))
    moved = np.clip(edge + pixels / 2 * _ZOOM + 0.5, 0, 1)
    return moved.reshape(SIDE, _ZOOM, SIDE, _ZOOM).mean((1, 3)).astype(np.float32)
