"""Changes that a batch of digits goes through before a model learns from it.

Turning, slanting, stretching and shifting (an affine map), a smooth random displacement
(elastic deformation, Simard et al. 2003) and thinner or fatter strokes. All pictures of a
batch are changed at once, with one gather; MNIST's 60,000 take about two seconds on a core.
"""

from dataclasses import dataclass

import numpy as np

from digit_core.preprocessing.normalize import SIDE

_THINNEST = 0.6  # thinner than this and MNIST's thin strokes turn grey
_KNOTS = 5  # the displacement is drawn on a grid of 5 x 5 and interpolated


@dataclass(frozen=True)
class Strength:
    """How far changes go: standard deviations, unless said otherwise."""

    turn: float = 0.13  # radians
    slant: float = 0.16  # horizontal shift per pixel of height
    stretch: float = 0.09  # logarithm of width and of height, each on its own
    shift: float = 0.8  # pixels
    elastic: float = 0.9  # pixels, at the knots
    pen: float = 0.5  # blackness moved at the strokes' edges, as a part of their slope


class Augmenter:
    """Random changes for batches of model inputs."""

    def __init__(self, strength: Strength, rng: np.random.Generator) -> None:
        self.strength = strength
        self._rng = rng
        at = np.linspace(0, _KNOTS - 1, SIDE, dtype=np.float32)
        self._spread = np.maximum(1 - np.abs(at[:, None] - np.arange(_KNOTS)), 0).astype(np.float32)
        self._grid = (np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2).reshape(1, -1)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """float32 array (n, 28, 28), 0 to 1, from images of the same shape and range."""
        x, y = self._where_from(len(images))
        return self._change_pen(_sampled(images, x, y))

    def _where_from(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """For every pixel of every result its place in the source: x and y, each (n, 28, 28)."""
        s, normal = self.strength, self._rng.standard_normal
        turn = s.turn * normal(count, dtype=np.float32)
        slant = s.slant * normal(count, dtype=np.float32)
        wide, high = np.exp(s.stretch * normal((2, count), dtype=np.float32))
        move_x, move_y = s.shift * normal((2, count, 1, 1), dtype=np.float32)
        cos, sin = np.cos(turn), np.sin(turn)
        column, row = self._grid[:, None, :], self._grid[:, :, None]

        def mapped(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return a[:, None, None] * column + b[:, None, None] * row

        x = mapped(wide * (cos + slant * sin), wide * (slant * cos - sin)) + move_x
        y = mapped(high * sin, high * cos) + move_y
        push = s.elastic * normal((2, count, _KNOTS, _KNOTS), dtype=np.float32)
        bend_x, bend_y = self._spread @ push @ self._spread.T
        middle = (SIDE - 1) / 2
        return x + bend_x + middle, y + bend_y + middle

    def _change_pen(self, images: np.ndarray) -> np.ndarray:
        """Thicker where the sign is positive, thinner where it is negative."""
        amount = self.strength.pen * self._rng.standard_normal((len(images), 1, 1), dtype=np.float32)
        amount = np.maximum(amount, -_THINNEST)
        padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
        pairs = np.maximum(padded[:, :-1], padded[:, 1:])
        widest = np.maximum(pairs[:, :-1], pairs[:, 1:])
        fat = (widest[:, :, :-1] + widest[:, :, 1:])[:, :SIDE, :SIDE] / 2
        pairs = np.minimum(padded[:, :-1], padded[:, 1:])
        narrowest = np.minimum(pairs[:, :-1], pairs[:, 1:])
        thin = (narrowest[:, :, :-1] + narrowest[:, :, 1:])[:, :SIDE, :SIDE] / 2
        changed = images + np.maximum(amount, 0) * (fat - images) + np.minimum(amount, 0) * (images - thin)
        return np.clip(changed, 0.0, 1.0)


def _sampled(images: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bilinear reading of images (n, 28, 28) at x and y (n, 28, 28); zero outside."""
    wide = SIDE + 2
    source = np.pad(images.astype(np.float32, copy=False), ((0, 0), (1, 1), (1, 1))).ravel()
    x = np.clip(x + 1, 0, SIDE + 0.999)
    y = np.clip(y + 1, 0, SIDE + 0.999)
    left, top = x.astype(np.int32), y.astype(np.int32)
    x -= left
    y -= top
    first = np.arange(len(images), dtype=np.int32)[:, None, None] * (wide * wide) + top * wide + left
    upper = source[first] * (1 - x) + source[first + 1] * x
    lower = source[first + wide] * (1 - x) + source[first + wide + 1] * x
    return upper * (1 - y) + lower * y
