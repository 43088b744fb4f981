"""Change the width of strokes without changing how many parts and holes they have.

A pixel is simple if ink can be added or removed there without joining or breaking anything; its
eight neighbours decide that (Kong and Rosenfeld, "Digital topology: introduction and survey",
1989). From one shape to the other by simple pixels alone, the topology cannot change.
Ink is connected over edges and corners, background over edges only.
"""

import functools

import numpy as np
from scipy import ndimage

_AROUND = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))  # clockwise
_EIGHT = np.ones((3, 3), bool)


def parts_and_holes(shape: np.ndarray) -> tuple[int, int]:
    """Number of parts of a shape, bool (h, w), and of holes in it."""
    import cv2

    parts = cv2.connectedComponents(np.ascontiguousarray(shape).view(np.uint8), connectivity=8)[0] - 1
    return parts, parts - _euler_number(shape)


def padded(shape: np.ndarray, margin: int) -> np.ndarray:
    """A shape, bool (h, w), with so many empty pixels all around; `np.pad` takes ten times as long."""
    height, width = shape.shape
    wider = np.zeros((height + 2 * margin, width + 2 * margin), bool)
    wider[margin : margin + height, margin : margin + width] = shape
    return wider


def _euler_number(shape: np.ndarray) -> int:
    """Parts less holes, from the squares of two by two pixels (Gray 1971): faster than to count the holes."""
    pixels = padded(shape, 1).view(np.uint8)
    upper_left, lower_right = pixels[:-1, :-1], pixels[1:, 1:]
    inked = upper_left + lower_right + pixels[1:, :-1] + pixels[:-1, 1:]
    diagonals = np.count_nonzero((inked == 2) & (upper_left == lower_right))
    return (np.count_nonzero(inked == 1) - np.count_nonzero(inked == 3) - 2 * diagonals) // 4


def keep_topology(ink: np.ndarray, shape: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Thinned or thickened ink (h, w), 0 to 1, mended to have the parts and holes of the shape it comes from.

    `shape`: bool (h, w), with one empty pixel all around; over 0.5, the ink lies within it or covers it.
    `distance`: of each pixel that may change to the outline of the shape. Where ink has to stay, or a
    gap has to stay open, it stays as wide as it was in the shape.
    """
    moved = ink > 0.5
    wanted = parts_and_holes(shape)
    if parts_and_holes(moved) == wanted:
        return ink
    mended = _by_simple_pixels(shape, moved, distance)
    as_wide = _with_former_width(mended, moved, shape, distance)
    if parts_and_holes(as_wide) == wanted:
        mended = as_wide
    return np.where(mended == moved, ink, mended).astype(np.float32)


def _by_simple_pixels(shape: np.ndarray, target: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """The shape brought as near to the target as simple pixels take it, the nearest to the outline first."""
    rows, width = shape.shape[0], shape.shape[1]
    pixels = shape.astype(np.uint8).ravel().tolist()
    simple = _simple_neighborhoods()
    steps = [row * width + column for row, column in _AROUND]
    inner = np.zeros(shape.shape, bool)
    inner[1:-1, 1:-1] = True
    waiting = np.flatnonzero((shape != target) & inner)
    waiting = waiting[np.argsort(distance.ravel()[waiting], kind="stable")].tolist()
    for _ in range(rows):  # a pixel may become simple once its neighbours have changed
        rest = []
        for pixel in waiting:
            code = 0
            for bit, step in enumerate(steps):
                code |= pixels[pixel + step] << bit
            if simple[code]:
                pixels[pixel] ^= 1
            else:
                rest.append(pixel)
        if len(rest) == len(waiting):
            break
        waiting = rest
    return np.array(pixels, bool).reshape(shape.shape)


def _with_former_width(mended: np.ndarray, moved: np.ndarray, shape: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """The mended shape, but unmoved in the largest discs around the pixels that had to stay."""
    rows, columns = np.nonzero(mended != moved)
    stay = np.zeros(shape.shape, bool)
    y, x = np.indices(shape.shape, sparse=True)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        stay |= (y - row) ** 2 + (x - column) ** 2 < distance[row, column] ** 2
    return np.where(stay, shape, mended)


@functools.cache
def _simple_neighborhoods() -> tuple[bool, ...]:
    """For each of the 256 neighbourhoods, bit by bit in the order of `_AROUND`: whether its middle is simple."""
    found = []
    for code in range(256):
        patch = np.zeros((3, 3), bool)
        for bit, (row, column) in enumerate(_AROUND):
            patch[row + 1, column + 1] = code >> bit & 1
        ink = ndimage.label(patch, structure=_EIGHT)[1]
        background, _ = ndimage.label(_without_middle(~patch))
        touching = {background[row + 1, column + 1] for row, column in _AROUND if 0 in (row, column)} - {0}
        found.append(ink == 1 and len(touching) == 1)
    return tuple(found)


def _without_middle(patch: np.ndarray) -> np.ndarray:
    around = patch.copy()
    around[1, 1] = False
    return around
