"""Find the ink on a picture of any colour and under any light.

Ink is what differs from the paper around it. On even paper one level separates them
(Otsu 1979); under a shadow the paper's level is estimated across the picture.
"""

import math

import numpy as np
from PIL import Image
from scipy import ndimage

from digit_core.errors import NoInk
from digit_core.preprocessing.grayscale import grey_bytes, to_grayscale
from digit_core.preprocessing.normalize import box_of, to_float

_LEVELS = 64
_SAMPLE = 100  # pixels a side that are sampled to find the level
_FAINTEST_INK = 0.05  # of the range from black to white: fainter marks are not ink
_EVEN = 0.12  # of the contrast of ink and paper: paper that varies less is even
_FLAT = 0.5  # share of pixels within one level: such paper is even, although the ink's soft edges vary
_MAP = 32  # pixels, longer side of the map of an uneven paper
_CLEAN_GRAIN = 0.08  # of the ink's strength: fainter marks on even paper are not ink
_SMALLEST_PHOTO = 40  # pixels: in a smaller cut-out the paper around a digit cannot be judged
_GRAINY = 0.4  # share of neighbouring pixels that differ: drawn pictures have flat paper, photos and scans do not
# Light ink on a dark board is so much brighter, in all but that share of the picture; much, if there is little of it.
_INKED = (0.985, 0.12), (0.998, 0.3)
_LOWEST = 80  # pixels: a line of digits that is lower is enlarged to this height


def find_ink(image: Image.Image | np.ndarray, *, single: bool = False) -> np.ndarray:
    """Ink on a picture: float32 (h, w), 0 (paper) to 1 (full ink).

    `image`: a Pillow image of any mode, or a uint8 array (h, w), (h, w, 3) or (h, w, 4); dark on
    light or light on dark. More than 1200 pixels a side are averaged down. `single`: only one digit is
    wanted; empty paper around the ink is cut off, and on the uneven paper of a photo frames, neighbours
    and stains are left out.
    Raises NoInk if the picture is blank, and InvalidImage if it is neither.
    """
    grey = grey_bytes(image)
    plane = to_grayscale(image) if grey is None else grey
    ink = _on_even_paper(plane, crop=single)
    return ink if ink is not None else _on_uneven_paper(_as_float(plane), 1.0, single=single)


def find_line_ink(image: Image.Image | np.ndarray) -> tuple[np.ndarray, float]:
    """As `find_ink`, for a line of digits, without ruled lines; and by how much a low picture was enlarged."""
    import cv2

    plane = to_grayscale(image)
    enlarged = enlargement(plane.shape[0])
    if enlarged > 1:
        plane = cv2.resize(plane, None, fx=enlarged, fy=enlarged, interpolation=cv2.INTER_CUBIC).clip(0, 1)
    ink = _on_even_paper(plane)
    return (ink if ink is not None else _on_uneven_paper(plane, enlarged, single=False)), enlarged


def enlargement(height: int) -> float:
    """By how much a line of that height, in pixels, is enlarged so that strokes can be told apart: 1 to 3."""
    return float(min(max(_LOWEST / height, 1.0), 3.0))


def _on_even_paper(plane: np.ndarray, *, crop: bool = False) -> np.ndarray | None:
    """The ink of a plane (h, w), or None if its paper has a grain or varies in brightness. Raises NoInk.

    `plane`: float32, 0 to 1, or uint8, of which only what is needed is converted. `crop`: without the empty paper
    around the ink. Both save half of the time.
    """
    low, high = float(_as_float(plane.min())), float(_as_float(plane.max()))
    if high - low < _FAINTEST_INK:
        raise NoInk("The picture is blank. Choose one with a digit on it.")
    if min(plane.shape) >= _SMALLEST_PHOTO and _share(plane[:, 1:] != plane[:, :-1]) > _GRAINY:
        return None
    step = max(max(plane.shape) // _SAMPLE, 1)
    few = _as_float(plane[::step, ::step])
    level = ((few - low) * np.float32((_LEVELS - 0.01) / (high - low))).astype(np.intp)
    count = np.bincount(level.ravel(), minlength=_LEVELS)
    if np.count_nonzero(count) == 1:
        return _few_specks(_as_float(plane), float(few.flat[0]))
    split = _otsu(count)
    paper_is_bright = _brightness_of_edge_and_all(level >= split) > 0.5
    dark, bright = count * (np.arange(_LEVELS) < split), count * (np.arange(_LEVELS) >= split)
    ink, paper = (dark, bright) if paper_is_bright else (bright, dark)
    paper_level = _quantile(paper, 0.5)
    contrast = abs(_quantile(ink, 0.5) - paper_level)
    is_flat = paper.max() > _FLAT * count.sum()
    if not is_flat and _quantile(paper, 0.97) - _quantile(paper, 0.03) > _EVEN * contrast:
        return None
    unit = (high - low) / _LEVELS
    level, full = np.float32(low + unit * paper_level), unit * contrast
    if crop:
        plane = _cropped(plane, float(level), full * _CLEAN_GRAIN, paper_is_bright)
    plane = _as_float(plane)
    return _soft(level - plane if paper_is_bright else plane - level, full)


def _cropped(plane: np.ndarray, paper: float, least: float, paper_is_bright: bool) -> np.ndarray:
    """The part of a plane (h, w) in which pixels differ from the paper by at least so much; all of it if none do."""
    white = 255 if plane.dtype == np.uint8 else 1
    # Whole numbers, as a comparison with others would convert the plane.
    if paper_is_bright:
        seen = plane < (math.ceil((paper - least) * white) if white > 1 else paper - least)
    else:
        seen = plane > (math.floor((paper + least) * white) if white > 1 else paper + least)
    if not seen.any():
        return plane
    top, bottom, left, right = box_of(seen)
    return plane[top:bottom, left:right]


def _as_float(values: np.ndarray) -> np.ndarray:
    """Brightness, uint8 or float32 of any shape -> float32, 0 to 1."""
    return to_float(values) if values.dtype == np.uint8 else values


def _share(mask: np.ndarray) -> float:
    """The share of true pixels of a mask (h, w), 0 to 1."""
    return np.count_nonzero(mask) / mask.size


def _otsu(count: np.ndarray) -> int:
    """The first level of the brighter of the two groups that best divide a histogram (levels,)."""
    below = np.cumsum(count)[:-1]
    above = count.sum() - below
    total = np.cumsum(count * np.arange(_LEVELS))
    mean_below = total[:-1] / np.maximum(below, 1)
    mean_above = (total[-1] - total[:-1]) / np.maximum(above, 1)
    between = below * above * (mean_above - mean_below) ** 2
    best = np.flatnonzero(between >= between.max() * (1 - 1e-9))
    return int(best[len(best) // 2]) + 1


def _quantile(count: np.ndarray, part: float) -> float:
    """Quantile of a histogram (levels,), in levels: the middle of its bin."""
    return int(np.searchsorted(np.cumsum(count), part * count.sum())) + 0.5


def _brightness_of_edge_and_all(bright: np.ndarray) -> float:
    """Share of bright pixels (h, w), 0 to 1, half of it from the edge, where there is less ink."""
    edge = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    return 0.5 * _share(edge) + 0.5 * _share(bright)


def _few_specks(plane: np.ndarray, paper: float) -> np.ndarray:
    """Ink so small that the sample of the plane (h, w) has only paper."""
    difference = plane - np.float32(paper)
    low, high = float(difference.min()), float(difference.max())
    return _soft(difference, high) if high > -low else _soft(-difference, -low)


def _soft(strength: np.ndarray, full: float, grain: float = _CLEAN_GRAIN) -> np.ndarray:
    """Strength of ink (h, w) -> 0 to 1, linear from `grain` to 1 - `grain` of full strength."""
    return np.clip((strength / np.float32(full) - grain) / (1 - 2 * grain), 0.0, 1.0, dtype=np.float32)


def _on_uneven_paper(plane: np.ndarray, enlarged: float, *, single: bool) -> np.ndarray:
    """The ink of a plane (h, w) whose paper varies in brightness. Raises NoInk."""
    from digit_core.preprocessing import paper  # OpenCV, which takes 0.1 s and 30 MB

    if _is_light_on_dark(plane) and paper.breadth_of_ink(1 - plane) <= paper.breadth_of_ink(plane):
        plane = 1 - plane  # else it is a spot of light
    ink = paper.digit_ink(plane) if single else paper.line_ink(plane, enlarged)
    if ink is None:
        raise NoInk("No ink is visible in the picture. Choose one with more contrast, or crop it to the digits.")
    return ink


def _is_light_on_dark(plane: np.ndarray) -> bool:
    """Whether what differs most from the paper's level is brighter than it; frames and shadows at the edge aside."""
    height, width = (side // 8 for side in plane.shape)
    difference = (plane - _paper(plane))[height : len(plane) - height, width : plane.shape[1] - width]
    return any(
        float(np.quantile(difference, share)) > max(least, 2 * float(np.quantile(-difference, share)))
        for share, least in _INKED
    )


def _paper(plane: np.ndarray) -> np.ndarray:
    """The paper's brightness at every pixel (h, w): a wide median of a small copy, smoothed."""
    height, width = plane.shape
    scale = _MAP / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = Image.fromarray(plane).resize(size, Image.Resampling.BOX)
    level = ndimage.median_filter(np.asarray(small), size=_MAP // 2 - 1, mode="nearest")
    level = ndimage.uniform_filter(level, 5, mode="nearest")
    return np.asarray(Image.fromarray(level).resize((width, height), Image.Resampling.BILINEAR))
