"""Bring the strokes of a picture to the width of MNIST's strokes, without breaking or joining any.

The ink is brought to a working size, specks are dropped, and the outline is moved inwards or
outwards along its distance field, as if another pen had been used. Where that would break a thin
part or close a gap, as it does with an uneven pen, the outline stays: see `topology`.
"""

import numpy as np
from PIL import Image

from digit_core.preprocessing.normalize import BOX, bounding_box, distance_to_box, dot, normalize
from digit_core.preprocessing.strokes import MNIST_STROKE_WIDTH
from digit_core.preprocessing.topology import keep_topology, padded

_EIGHT = np.ones((3, 3), np.uint8)
_WORK = 80  # pixels, longer side of the ink while it is worked on
_COARSE = 40  # pixels, longer side of ink too coarse for its outline to be moved: it stays as it is
_SPECK_AREA = 0.012  # of all ink: a part smaller than this may be a speck
_THINNEST = 0.45  # of the former width: a thick pen fills loops, and thinner strokes would fall apart
_FAR = 0.8  # of the longer side of the rest: specks are farther away than this
_ROUND, _FILLED = 0.85, 0.95  # a disc has equal sides and fills its ellipse; a blotted digit does not


def normalize_picture(ink: np.ndarray) -> np.ndarray:
    """Ink (h, w), 0 to 1, of a picture -> model input, float32 (28, 28). Raises NoInk if there is none."""
    own = to_mnist_stroke_width(ink)
    return dot(MNIST_STROKE_WIDTH) if _is_dot(own) else normalize(own)


def _is_dot(ink: np.ndarray) -> bool:
    """Whether ink (h, w), cropped, is one filled disc or square."""
    seen = ink > 0.5
    if not seen.any():
        return False
    top, bottom, left, right = bounding_box(seen)
    height, width = bottom - top, right - left
    return min(height, width) > _ROUND * max(height, width) and seen.sum() > _FILLED * np.pi / 4 * height * width


def to_mnist_stroke_width(ink: np.ndarray) -> np.ndarray:
    """Ink (h, w), 0 to 1 -> cropped, without specks, with strokes as wide as MNIST's once normalised.

    The result, float32 (h', w'), 0 to 1, is input for `normalize`. Over 0.5 it has as many parts and
    holes as the ink has at working size without its specks. Raises NoInk if there is no ink.
    """
    top, bottom, left, right = bounding_box(ink)
    if max(bottom - top, right - left) < _COARSE:
        return without_specks(ink[top:bottom, left:right])
    small = _at_working_size(without_specks(_at_working_size(ink)))
    shape = padded(small > 0.5, 1)
    if not shape.any():
        return small
    inside = distances(shape)
    width = pen_width(inside)
    longer = max(small.shape)
    wanted = (longer - width) * MNIST_STROKE_WIDTH / (BOX - MNIST_STROKE_WIDTH)
    if longer < 2 * width:
        return small
    move = (max(wanted, _THINNEST * width) - width) / 2
    if move <= 0:
        return keep_topology(np.clip(inside + move, 0, 1).astype(np.float32), shape, inside)
    shape = padded(shape, int(np.ceil(move)) + 1)
    outside = distances(~shape)
    return keep_topology(np.clip(move + 1 - outside, 0, 1).astype(np.float32), shape, outside)


def distances(shape: np.ndarray) -> np.ndarray:
    """The distance of each pixel of a shape, bool (h, w), from the nearest one outside it: float64, 0 outside.

    In a quarter of the time that SciPy takes, and to the last digit the same.
    """
    import cv2

    found = cv2.distanceTransform(shape.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.sqrt(np.rint(np.square(found, out=found)), dtype=np.float64)


def pen_width(inside: np.ndarray) -> float:
    """Width of the strokes in pixels, from each pixel's distance (h, w) to where there is no ink."""
    import cv2

    ridge = inside[(inside >= cv2.dilate(inside, _EIGHT)) & (inside > 0)]
    return 2 * float(np.median(ridge)) - 0.5


def without_specks(ink: np.ndarray) -> np.ndarray:
    """Ink (h, w) without tiny parts that are far from the rest."""
    import cv2

    count, parts, found, _ = cv2.connectedComponentsWithStats((ink > 0.3).view(np.uint8), connectivity=8)
    if count <= 2:  # the first is the paper
        return ink
    left, top, wide, high, areas = found[1:].T
    small = areas < _SPECK_AREA * areas.sum()
    if not small.any() or small.all():  # many equal dots were drawn on purpose
        return ink
    starts, ends = np.stack([top, left], 1), np.stack([top + high, left + wide], 1)
    low, high = starts[~small].min(axis=0), ends[~small].max(axis=0)
    middle = (starts + ends) / 2
    specks = np.flatnonzero(small & (distance_to_box(middle, low, high) > _FAR * (high - low).max())) + 1
    return np.where(np.isin(parts, specks), np.float32(0), ink) if len(specks) else ink


def _at_working_size(ink: np.ndarray) -> np.ndarray:
    """The ink's bounding box, its longer side brought to the working size by averaging."""
    top, bottom, left, right = bounding_box(ink)
    scale = _WORK / max(bottom - top, right - left)
    size = (max(round((right - left) * scale), 1), max(round((bottom - top) * scale), 1))
    if size == (right - left, bottom - top):
        return ink[top:bottom, left:right]
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    picture = Image.fromarray(np.ascontiguousarray(ink[top:bottom, left:right], dtype=np.float32))
    return np.asarray(picture.resize(size, how))
