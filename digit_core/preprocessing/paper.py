"""Ink on paper as photos and scans show it: under shadows, on texture or security print, in frames, faint.

The paper's level is estimated around each pixel from what is not ink; ink is what is darker than
that, in proportion, by a level that divides the two (Otsu 1979), and what is connected to it.
"""

import cv2
import numpy as np
from scipy import ndimage

from digit_core.preprocessing.ruled_lines import without_lines

_SMOOTHING = 0.9  # pixels of the picture, standard deviation, against the texture of paper
_AROUND = 0.175  # of the picture's height, standard deviation: where the paper's level is estimated
_SMALL_REACH = 8.0  # pixels: so far reaches a blur in its smaller copy
_BROADER, _SHADED = 0.3, 0.8  # of the picture's height: a shadow is broader; of the brightest paper: and darker
_PAPER = 0.92  # of the level around it: what is darker is not paper
_FAINTEST = 0.04  # of the paper's brightness: what is less dark is no ink
_STRONG, _WEAK = 1.15, 0.75  # of the dividing level: ink begins in the first, and ends with the second
_SMALLEST = 6  # pixels of strong ink in a part
_DENSE, _SPARSE = 0.98, 0.9998  # of the pixels: the others are ink; and where there is hardly any
_LEAST_DARK, _SPARSE_DARK, _SPARSE_CLEAR = 0.07, 0.15, 8.0  # of the paper's brightness, and times its grain
_FRAME, _EDGE = 0.12, 0.02  # of height and width: where frames of cells are, and shadows at the edge of a sheet
_PAGE = 350  # pixels of the shorter side: what is smaller is no whole sheet
_SHEET = 250  # pixels: what is smaller is a cell or a cut-out
_LARGE, _BLOT = 0.4, 2.5  # of the largest part: those that show the pen's width; times as broad is no pen's
_PENS, _WITHIN = 3.0, 0.5  # times the pen's width; of the other ink's darkness: ink in the shadow
_IN_CELL, _IN_LINE = 5.0, 3.0  # times the grain of the paper: ink is darker; a line that is full of ink looks grainy


def darkness(plane: np.ndarray, enlarged: float = 1.0) -> np.ndarray:
    """How much darker than the paper around it each pixel is: float32 (h, w), 0 to 1.

    `plane`: float32 (h, w), 0 to 1, with dark ink; `enlarged`: by how much it was.
    """
    smooth = _without_shadows(cv2.GaussianBlur(plane, (0, 0), _SMOOTHING * enlarged))
    reach = max(_AROUND * min(plane.shape), 1.0)
    paper = _blurred(smooth, reach)
    for _ in range(2):
        is_paper = (smooth > _PAPER * paper).astype(np.float32)
        amount = _blurred(is_paper, reach)
        level = _blurred(smooth * is_paper, reach) / np.maximum(amount, 1e-3)
        paper = np.where(amount > 1e-3, level, paper)
    return np.clip(1 - smooth / np.maximum(paper, 1 / 255), 0, 1)


def _without_shadows(smooth: np.ndarray) -> np.ndarray:
    """A plane whose paper is equally bright on both sides of a shadow's edge, if there is a shadow.

    A closing (Serra 1982) wipes out what is narrower than its window, and leaves the edges of what is broader.
    """
    side = int(_BROADER * min(smooth.shape)) | 1
    paper = cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    dark, bright = np.quantile(paper[::4, ::4], (0.02, 0.98))
    return smooth if dark > _SHADED * bright else np.clip(smooth / np.maximum(paper, 1 / 255), 0, 1)


def _blurred(plane: np.ndarray, reach: float) -> np.ndarray:
    """Blurred by a Gaussian of that standard deviation in pixels; a wide one on a smaller copy.

    At full size, its time grows with `reach`: a picture of 1200 pixels a side would take tens of seconds.
    """
    times = int(reach / _SMALL_REACH)
    if times < 2:
        return cv2.GaussianBlur(plane, (0, 0), reach)
    height, width = plane.shape
    small = cv2.resize(plane, (-(-width // times), -(-height // times)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), reach / times)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def ink_of(dark: np.ndarray, clear: float, *, sparse: bool = False) -> tuple[np.ndarray, float]:
    """The ink, bool (h, w), and how dark it typically is; from `darkness`.

    The ink is empty on blank paper: where nothing is `clear` times as dark as the paper's grain. `sparse`: there may
    be as little of it as of one digit on a sheet.
    """
    inner = _inside_margin(dark, _FRAME)
    top = float(np.quantile(inner, _DENSE))
    grain = 1.4826 * float(np.median(np.abs(dark - np.median(dark))))
    if top < max(_LEAST_DARK, float(np.median(dark)) + clear * grain):
        least = max(_SPARSE_DARK, float(np.median(dark)) + _SPARSE_CLEAR * grain)
        # A sheet's only number may stand in its corner; at the edge of a line cut from it there may be a finger.
        margins = (_FRAME, _EDGE) if min(dark.shape) >= _PAGE else (_FRAME,)
        for margin in margins if sparse else ():
            inner = _inside_margin(dark, margin)
            top = float(np.quantile(inner, _SPARSE))
            if top >= least:
                break
        else:
            return np.zeros(dark.shape, bool), 0.0
    scaled = np.clip(inner / top * 255, 0, 255).astype(np.uint8)
    split, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    level = max(split / 255 * top, _FAINTEST, 2.5 * grain)
    strong, weak = dark > _STRONG * level, dark > _WEAK * level
    _, parts = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    kept = np.bincount(parts[strong], minlength=int(parts.max()) + 1) >= _SMALLEST
    kept[0] = False
    return kept[parts], float(np.median(dark[strong])) if strong.any() else 0.0


def _inside_margin(plane: np.ndarray, share: float) -> np.ndarray:
    """A plane (h, w) without that share of its height and width at each edge."""
    height, width = plane.shape
    down, across = int(share * height), int(share * width)
    return plane[down : height - down, across : width - across]


def soft(dark: np.ndarray, ink: np.ndarray, full: float) -> np.ndarray:
    """Ink as `find_ink` returns it: float32 (h, w), 0 to 1, with a soft edge of a pixel around `ink`."""
    edge = cv2.dilate(ink.astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.clip(dark / max(full, 1e-6), 0, 1).astype(np.float32) * edge


def digit_ink(plane: np.ndarray) -> np.ndarray | None:
    """The ink of the one digit in a cell or a cut-out, float32 (h, w), 0 to 1; None if there is none."""
    dark = darkness(plane)
    ink, full = ink_of(dark, _IN_CELL, sparse=min(plane.shape) >= _SHEET)  # a blank cell may have specks
    ink = _central(without_lines(ink, across=0.93, margin=0.3, sides=0.3), dark)
    return None if ink is None else soft(dark, ink, full)


def line_ink(plane: np.ndarray, enlarged: float) -> np.ndarray | None:
    """The ink of a line of digits, float32 (h, w), 0 to 1; None if there is none."""
    dark = darkness(plane, enlarged)
    ink, full = ink_of(dark, _IN_LINE, sparse=True)
    blots, pen = _blots(ink)
    if pen:
        # Digits may lie in the bar of a shadow.
        outside = ink & ~blots
        full = float(np.median(dark[outside]))
        dark = np.where(blots, _inside(blots, cv2.GaussianBlur(plane, (0, 0), _SMOOTHING * enlarged), pen), dark)
        ink = outside | (blots & (dark > _WITHIN * full))
    # Upright lines only where a frame is: a 1 may be as high as a picture that was cut close.
    ink = without_lines(ink, across=0.9, margin=0.5, sides=0.03)
    return soft(dark, ink, full) if ink.any() else None


def breadth_of_ink(plane: np.ndarray) -> float:
    """How broad the ink is where it is broadest, in pixels; infinite if there is none."""
    ink, _ = ink_of(darkness(plane), _IN_LINE, sparse=True)
    depth = cv2.distanceTransform(ink.astype(np.uint8), cv2.DIST_L2, 3)
    return float(np.quantile(depth[ink], 0.95)) if ink.any() else np.inf


def _blots(ink: np.ndarray) -> tuple[np.ndarray, float]:
    """What reaches into the picture and is far broader than a pen, bool (h, w): a finger, a table, the bar of a shadow.

    And the width of the pen in pixels; 0 if there are no blots.
    """
    count, parts, boxes, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    height, width = ink.shape
    x, y, wide, high, _ = boxes.T
    at_edge = (x <= 1) | (y <= 1) | (x + wide >= width - 1) | (y + high >= height - 1)
    if not at_edge[1:].any() or at_edge[1:].all():
        return np.zeros_like(ink), 0.0
    depth = ndimage.maximum(cv2.distanceTransform(ink.astype(np.uint8), cv2.DIST_L2, 3), parts, np.arange(count))
    long = np.where(at_edge, 0, np.maximum(wide, high))
    pen = float(np.median(depth[long > _LARGE * long.max()]))
    blots = at_edge & (depth > _BLOT * pen)
    blots[0] = False
    return blots[parts], 2 * pen if blots.any() else 0.0


def _inside(blots: np.ndarray, plane: np.ndarray, pen: float) -> np.ndarray:
    """How much darker than its surroundings each pixel of the blots is, 0 elsewhere: float32 (h, w), 0 to 1."""
    side = int(_PENS * pen) | 1
    level = cv2.morphologyEx(plane, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    return np.where(blots, np.clip(1 - plane / np.maximum(level, 1 / 255), 0, 1), 0).astype(np.float32)


def _central(ink: np.ndarray, dark: np.ndarray) -> np.ndarray | None:
    """The parts that make up the digit in the middle, bool (h, w): without neighbours, stains and what is cut off."""
    height, width = ink.shape
    side = min(height, width)
    count, parts, boxes, centres = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    if count < 2:
        return None
    x, y, wide, high, area = boxes[1:].T
    long = np.maximum(wide, high)
    is_cut = (x <= 1) | (y <= 1) | (x + wide >= width - 1) | (y + high >= height - 1)
    away = np.hypot(centres[1:, 0] / width - 0.5, centres[1:, 1] / height - 0.5)
    depth = np.zeros(count - 1)
    for i, (left, top, right, bottom) in enumerate(zip(x, y, x + wide, y + high, strict=True)):
        inside = parts[top:bottom, left:right] == i + 1  # its box alone: there can be thousands of parts
        depth[i] = np.quantile(dark[top:bottom, left:right][inside], 0.8)
    is_digit = (long > np.where(is_cut, 0.35, 0.2) * side) & (away < 0.42)
    if not is_digit.any():
        return None
    main = int(np.argmax(np.where(is_digit, long * (1 - away) * depth * np.where(is_cut, 0.3, 1.0), -1)))
    beside = np.maximum(x[main] - (x + wide), x - (x[main] + wide[main]))
    below = np.maximum(y[main] - (y + high), y - (y[main] + high[main]))
    near = np.maximum(np.maximum(beside, below), 0) < 0.12 * long[main]
    own = near & (area > np.where(is_cut, 0.3, 0.03) * area[main]) & (depth > 0.6 * depth[main])
    own[main] = True
    return np.isin(parts, np.flatnonzero(own) + 1)
