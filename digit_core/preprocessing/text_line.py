"""A line of digits on a picture or a canvas: its ink, upright, and where that is."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from digit_core.preprocessing.segmentation import Box

_DRAWN = 280  # pixels, the shorter side of a canvas in which digits are told apart


@dataclass(frozen=True)
class TextLine:
    """A line of digits: its ink upright, float32 (h, w), 0 (paper) to 1 (ink), and where that is on the picture.

    `to_picture`: float64 (2, 3), maps x and y of the ink to the picture, whose size is `size` (width, height);
    `rules`: where upright rules between columns were, as x of the ink.
    """

    ink: np.ndarray
    to_picture: np.ndarray
    size: tuple[int, int]
    rules: tuple[float, ...] = ()

    def box_in_picture(self, box: Box) -> Box:
        """The smallest upright box on the picture around a box in the ink."""
        left, top, right, bottom = box
        corners = np.array([[left, top, 1], [right, top, 1], [left, bottom, 1], [right, bottom, 1]], float)
        points = corners @ self.to_picture.T
        low, high = np.floor(points.min(0) + 1e-6).astype(int), np.ceil(points.max(0) - 1e-6).astype(int)
        low, high = np.maximum(low, 0), np.minimum(high, self.size)
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def drawn_line(ink: np.ndarray) -> TextLine:
    """The ink of a canvas, float32 (h, w), 0 to 1, as one line, made coarser where it is large; without OpenCV."""
    factor = max(min(ink.shape) // _DRAWN, 1)
    height, width = ink.shape
    coarse = np.asarray(Image.fromarray(np.ascontiguousarray(ink, np.float32)).reduce(factor))
    return TextLine(coarse, np.array([[factor, 0, 0], [0, factor, 0]], float), (width, height))
