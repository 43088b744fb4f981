"""Find the ink on a picture of any colour and under any light.

Ink is what differs from the paper around it. On even paper one level separates them
(Otsu 1979); under a shadow the paper's level is estimated across the picture.
"""

import numpy as np
from PIL import Image
from scipy import ndimage

from digit_core.errors import NoInk
from digit_core.preprocessing.grayscale import to_grayscale

_LEVELS = 64
_SAMPLE = 100  # pixels a side that are sampled to find the level
_FAINTEST_INK = 0.05  # of the range from black to white: fainter marks are not ink
_EVEN = 0.12  # of the contrast of ink and paper: paper that varies less is even
_MAP = 32  # pixels, longer side of the map of an uneven paper
_CLEAN_GRAIN = 0.08  # of the ink's strength: fainter marks on even paper are not ink
_PHOTO_GRAIN = 0.3  # the same on the uneven paper of a photo


def find_ink(image: Image.Image | np.ndarray) -> np.ndarray:
    """Ink on a picture: float32 (h, w), 0 (paper) to 1 (full ink).

    `image`: a Pillow image of any mode, or a uint8 array (h, w), (h, w, 3) or (h, w, 4); dark on
    light or light on dark. More than 1200 pixels a side are averaged down.
    Raises NoInk if the picture is blank, and InvalidImage if it is neither.
    """
    plane = to_grayscale(image)
    low, high = float(plane.min()), float(plane.max())
    if high - low < _FAINTEST_INK:
        raise NoInk("The picture is blank. Choose one with a digit on it.")
    step = max(max(plane.shape) // _SAMPLE, 1)
    few = plane[::step, ::step]
    level = ((few - low) * np.float32((_LEVELS - 0.01) / (high - low))).astype(np.intp)
    count = np.bincount(level.ravel(), minlength=_LEVELS)
    if np.count_nonzero(count) == 1:
        return _few_specks(plane, float(few.flat[0]))
    split = _otsu(count)
    paper_is_bright = _brightness_of_edge_and_all(level >= split) > 0.5
    dark, bright = count * (np.arange(_LEVELS) < split), count * (np.arange(_LEVELS) >= split)
    ink, paper = (dark, bright) if paper_is_bright else (bright, dark)
    paper_level = _quantile(paper, 0.5)
    contrast = abs(_quantile(ink, 0.5) - paper_level)
    if _quantile(paper, 0.97) - _quantile(paper, 0.03) > _EVEN * contrast:
        return _on_uneven_paper(plane)
    unit = (high - low) / _LEVELS
    difference = plane - np.float32(low + unit * paper_level)
    return _soft(-difference if paper_is_bright else difference, unit * contrast)


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
    return 0.5 * float(edge.mean()) + 0.5 * float(bright.mean())


def _few_specks(plane: np.ndarray, paper: float) -> np.ndarray:
    """Ink so small that the sample of the plane (h, w) has only paper."""
    difference = plane - np.float32(paper)
    low, high = float(difference.min()), float(difference.max())
    return _soft(difference, high) if high > -low else _soft(-difference, -low)


def _soft(strength: np.ndarray, full: float, grain: float = _CLEAN_GRAIN) -> np.ndarray:
    """Strength of ink (h, w) -> 0 to 1, linear from `grain` to 1 - `grain` of full strength."""
    return np.clip((strength / np.float32(full) - grain) / (1 - 2 * grain), 0.0, 1.0, dtype=np.float32)


def _on_uneven_paper(plane: np.ndarray) -> np.ndarray:
    """Ink of a plane (h, w) whose paper varies in brightness."""
    paper = _paper(plane)
    difference = plane - paper
    grain = 1.4826 * float(np.median(np.abs(difference)))
    strong = np.maximum(np.abs(difference) - 3 * grain, 0)
    dark = float((strong * (difference < 0)).sum())
    strength = -difference if dark > float(strong.sum()) - dark else difference
    full = float(np.quantile(strength, 0.995))
    seen = strength[strength > 0.5 * full]
    if full < max(_FAINTEST_INK, 4 * grain) or not len(seen):
        raise NoInk("No ink is visible in the picture. Choose one with more contrast.")
    return _soft(strength, float(np.median(seen)), _PHOTO_GRAIN)


def _paper(plane: np.ndarray) -> np.ndarray:
    """The paper's brightness at every pixel (h, w): a wide median of a small copy, smoothed."""
    height, width = plane.shape
    scale = _MAP / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = Image.fromarray(plane).resize(size, Image.Resampling.BOX)
    level = ndimage.median_filter(np.asarray(small), size=_MAP // 2 - 1, mode="nearest")
    level = ndimage.uniform_filter(level, 5, mode="nearest")
    return np.asarray(Image.fromarray(level).resize((width, height), Image.Resampling.BILINEAR))
