"""Random augmentation of batches of digits.

Rotation, slant, stretch and shift (an affine map), a smooth random displacement (elastic
deformation, Simard et al. 2003) and thinner or thicker strokes. All images of a batch are sampled
at once; MNIST's 60,000 take about two seconds on a core.
"""

from dataclasses import dataclass

import numpy as np

from digit_core.preprocessing.normalize import SIDE

_THINNEST = 0.6  # beyond this MNIST's thin strokes turn grey
_KNOTS = 5  # the displacement is random on a grid of 5 x 5 and interpolated in between


@dataclass(frozen=True)
class Strength:
    """How strong the changes are: standard deviations."""

    rotation: float = 0.13  # radians
    slant: float = 0.16  # horizontal shift per pixel of height
    stretch: float = 0.09  # logarithm of width and of height, each on its own
    shift: float = 0.8  # pixels
    elastic: float = 0.9  # pixels, at the knots
    pen: float = 0.5  # share of the difference to the strokes one pixel thicker or thinner


class Augmenter:
    """Random changes for batches of model inputs."""

    def __init__(self, strength: Strength, rng: np.random.Generator) -> None:
        self.strength = strength
        self._rng = rng
        position = np.linspace(0, _KNOTS - 1, SIDE, dtype=np.float32)
        self._interpolate = np.maximum(1 - np.abs(position[:, None] - np.arange(_KNOTS)), 0).astype(np.float32)
        self._grid = (np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2).reshape(1, -1)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """float32 array (n, 28, 28), 0 to 1, from images of the same shape and range."""
        x, y = self._sources(len(images))
        return self._change_pen(_sample(images, x, y))

    def _sources(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """For every pixel of every result its position in the source: x and y, each (n, 28, 28)."""
        s, normal = self.strength, self._rng.standard_normal
        angle = s.rotation * normal(count, dtype=np.float32)
        slant = s.slant * normal(count, dtype=np.float32)
        width, height = np.exp(s.stretch * normal((2, count), dtype=np.float32))
        shift_x, shift_y = s.shift * normal((2, count, 1, 1), dtype=np.float32)
        cos, sin = np.cos(angle), np.sin(angle)
        column, row = self._grid[:, None, :], self._grid[:, :, None]

        def mapped(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return a[:, None, None] * column + b[:, None, None] * row

        x = mapped(width * (cos + slant * sin), width * (slant * cos - sin)) + shift_x
        y = mapped(height * sin, height * cos) + shift_y
        push = s.elastic * normal((2, count, _KNOTS, _KNOTS), dtype=np.float32)
        bend_x, bend_y = self._interpolate @ push @ self._interpolate.T
        middle = (SIDE - 1) / 2
        return x + bend_x + middle, y + bend_y + middle

    def _change_pen(self, images: np.ndarray) -> np.ndarray:
        """Strokes thickened where the random amount is positive, thinned where it is negative."""
        amount = self.strength.pen * self._rng.standard_normal((len(images), 1, 1), dtype=np.float32)
        amount = np.maximum(amount, -_THINNEST)
        thick = _mean_of_extremes(images, np.maximum)
        thin = _mean_of_extremes(images, np.minimum)
        changed = images + np.maximum(amount, 0) * (thick - images) + np.minimum(amount, 0) * (images - thin)
        return np.clip(changed, 0.0, 1.0)


def _mean_of_extremes(images: np.ndarray, extreme: np.ufunc) -> np.ndarray:
    """Dilated or eroded images: the extreme of three pixels in a column, averaged over two columns."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    pairs = extreme(padded[:, :-1], padded[:, 1:])
    extremes = extreme(pairs[:, :-1], pairs[:, 1:])
    return (extremes[:, :, :-1] + extremes[:, :, 1:])[:, :SIDE, :SIDE] / 2


def _sample(images: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bilinear samples of images (n, 28, 28) at x and y (n, 28, 28); zero outside."""
    width = SIDE + 2
    source = np.pad(images.astype(np.float32, copy=False), ((0, 0), (1, 1), (1, 1))).ravel()
    x = np.clip(x + 1, 0, SIDE + 0.999)
    y = np.clip(y + 1, 0, SIDE + 0.999)
    left, top = x.astype(np.int32), y.astype(np.int32)
    x -= left
    y -= top
    first = np.arange(len(images), dtype=np.int32)[:, None, None] * (width * width) + top * width + left
    upper = source[first] * (1 - x) + source[first + 1] * x
    lower = source[first + width] * (1 - x) + source[first + width + 1] * x
    return upper * (1 - y) + lower * y
