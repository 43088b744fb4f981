"""Cut a line of digits into pieces of which each digit is one or several, for a search over the cuts.

Over-segmentation (Casey and Lecolinet 1996): connected parts are cut wherever two digits may touch,
along the slant of the writing. Which cuts are real is left to the classifier, see
`digit_core.inference.number_search`.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy import ndimage

from digit_core.errors import InvalidImage, NoInk
from digit_core.preprocessing.frames import Box, are_frames

SEEN = 0.4  # ink from here on belongs to a part
_SPECK = 0.12  # of a digit's height: parts smaller than this in both directions are dirt
_DOT = 0.05  # of a digit's height: a smaller dot is dirt, also over a digit, where a 5 may have no more of a bar
_ABOVE, _BELOW, _ASIDE = 0.25, 0.3, 0.25  # of a digit's height: from its top, and from its sides, to such a dot
_SAME, _PARTED = 0.5, 2.2  # of the narrower part's width: parts so far over each other are one; times as high at most
_MOST = 200  # parts of a line of digits; a page of text or a pattern has more
_FLAT, _UNDERLINE = 0.3, 1.5  # of a digit's height: a part lower and broader than this is a line below digits
_WIDE, _TALL = 0.35, 0.4  # of a digit's height: smaller parts are not cut
_APART = 0.06  # of a digit's height: cuts are at least this far apart
_SMOOTH, _VALLEY = 0.035, 0.1  # of a digit's height: profiles are smoothed, and minima this wide are cuts
_INK_LIMIT, _EXTENT_LIMIT = 0.6, 0.75  # of a digit's height: where a stroke is this high, it is not cut
GAP = 0.25  # of a digit's height: parts farther apart are never one digit
WIDEST = 1.5  # of a digit's height, or of its own if it is larger, and one part
MOST_PIECES = 6  # of one digit
MOST_CANDIDATES = 200  # of a line: each is normalized and classified; amounts of up to 7 digits have at most 89
_MOST_PIXELS = 60_000_000  # of all candidates' boxes; a line of digits that fills a picture has a tenth of it
_BROAD = 1.0  # of a digit's height: broader pieces may be two digits
_FEWEST = 15  # pixels: broad specks are not cut
LOWEST = 0.3  # of a digit's height: the zeros of an amount may be so low
_UPRIGHT = 1.3  # contours are curved, which makes their mean slant smaller than that of the stems


@dataclass(frozen=True)
class Piece:
    """A part of the ink, or what lies between two cuts of one: its pixels, int (n,) each, and which part it is of."""

    y: np.ndarray
    x: np.ndarray
    part: int

    @classmethod
    def of_box(cls, box: Box, part: int) -> "Piece":
        """A piece of which only two corners of its box are known."""
        left, top, right, bottom = box
        return cls(np.array([top, bottom - 1]), np.array([left, right - 1]), part)

    @cached_property
    def box(self) -> Box:
        """The box around it."""
        return int(self.x.min()), int(self.y.min()), int(self.x.max()) + 1, int(self.y.max()) + 1


@dataclass(frozen=True)
class Candidate:
    """The pieces `first` to `last`, which may be a digit: their box and their ink alone, float32 (h, w), 0 to 1."""

    first: int
    last: int
    box: Box
    ink: np.ndarray


@dataclass(frozen=True)
class Segmentation:
    """Pieces left to right, the candidates among them, and the height of a digit in pixels."""

    pieces: tuple[Piece, ...]
    candidates: tuple[Candidate, ...]
    height: float


def segment(ink: np.ndarray) -> Segmentation:
    """Pieces and candidates of a line of digits, from ink float (h, w), 0 (paper) to 1 (ink).

    Frames and circles around digits are left out. Raises NoInk if there is no ink, and InvalidImage if there are more
    than 200 parts, dirt not counted, or if it is one large pattern that could be cut everywhere.
    """
    parts, count = ndimage.label(ink >= SEEN, structure=np.ones((3, 3)))
    if not count:
        raise NoInk("There is no ink in the picture. Choose one with one or more digits.")
    boxes = ndimage.find_objects(parts)
    corners = np.array([(across.start, down.start, across.stop, down.stop) for down, across in boxes])
    heights, sizes = corners[:, 3] - corners[:, 1], (corners[:, 2:] - corners[:, :2]).max(1)
    large = np.flatnonzero(sizes >= _SPECK * heights.max())[: _MOST + 1]
    frames = large[are_frames(parts, large + 1, corners[large])]
    heights[frames] = sizes[frames] = 0
    height = float(np.median(heights[heights >= heights.max() / 2]))
    sizes[(heights < _FLAT * height) & (sizes > _UNDERLINE * height)] = 0
    parted = _height_of_parted_digits(corners[sizes >= _SPECK * height])
    height = parted if height < parted < _PARTED * height else height  # else they are marks all over a picture
    kept = np.flatnonzero((sizes >= _SPECK * height) | _are_dots_over_digits(corners, sizes, height))
    if len(kept) > _MOST:
        raise InvalidImage(
            f"The picture has {len(kept)} separate marks, more than a line of digits has. "
            "Crop it to one line of digits."
        )
    slant = _slant(ink)
    pieces: list[Piece] = []
    for index in kept:
        rows, columns = boxes[index]
        y, x = np.nonzero(parts[rows, columns] == index + 1)
        pieces += _cut(y + rows.start, x + columns.start, int(index), slant, height)
    pieces.sort(key=lambda piece: float(np.mean(piece.x + slant * piece.y)))
    return Segmentation(tuple(pieces), tuple(_candidates(ink, pieces, slant, height)), height)


def _height_of_parted_digits(corners: np.ndarray) -> float:
    """The height of a digit where most digits are in parts, one over the other; corners int (n, 4) of the parts."""
    found: list[list[int]] = []
    for left, top, right, bottom in sorted(corners.tolist()):
        last = found[-1] if found else None
        if last and min(last[2], right) - left >= _SAME * min(right - left, last[2] - last[0]):
            last[1:] = min(last[1], top), max(last[2], right), max(last[3], bottom)
        else:
            found.append([left, top, right, bottom])
    heights = np.array([bottom - top for _, top, _, bottom in found])
    return float(np.median(heights[heights >= heights.max() / 2])) if len(heights) else 0.0


def _are_dots_over_digits(corners: np.ndarray, sizes: np.ndarray, height: float) -> np.ndarray:
    """Whether each part, corners int (n, 4), is small but no dirt, and at the top of a digit, where no comma is."""
    middles = (corners[:, :2] + corners[:, 2:]) / 2
    found = np.zeros(len(corners), bool)
    small = (sizes >= _DOT * height) & (sizes < _SPECK * height)
    for left, top, right, bottom in corners[sizes >= _TALL * height]:
        x, y = middles[:, 0], middles[:, 1] - top
        is_over = (x > left) & (x < right + _ASIDE * height) & (y > -_ABOVE * height) & (y < _BELOW * (bottom - top))
        found |= small & is_over
    return found


def _slant(ink: np.ndarray) -> float:
    """How far upright strokes lean to the right, as a tangent: from the contours that are nearer to upright."""
    smooth = ndimage.gaussian_filter(np.asarray(ink, np.float32), 1.5)
    across, down = ndimage.sobel(smooth, 1), ndimage.sobel(smooth, 0)
    upright = np.abs(across) > np.abs(down)
    weight = (across**2 + down**2)[upright]
    if not weight.sum() > 0:
        return 0.0
    lean = down[upright] / across[upright]
    return float(np.clip(_UPRIGHT * (weight @ lean) / weight.sum(), -0.9, 0.9))


def _cut(y: np.ndarray, x: np.ndarray, part: int, slant: float, height: float) -> list[Piece]:
    """A connected part, cut wherever two digits may touch in it."""
    column = np.round(x + slant * y).astype(int)
    column -= column.min()
    width, high = int(column.max()) + 1, int(np.ptp(y)) + 1
    if width <= _WIDE * height or high <= _TALL * height:
        return [Piece(y, x, part)]
    order = np.lexsort((y, column))
    c, r = column[order], y[order]
    amount = np.bincount(c, minlength=width)
    breaks = (np.diff(c) == 0) & (np.diff(r) > 1)
    strokes = 1 + np.bincount(c[1:][breaks], minlength=width)
    top, bottom = np.full(width, np.iinfo(int).max), np.full(width, -1)
    np.minimum.at(top, c, r)
    np.maximum.at(bottom, c, r)
    extent = np.where(amount > 0, bottom - top + 1, 0)
    places: set[int] = set()
    thickness = amount * (0.4 + 0.6 * strokes)
    for profile, limit in ((thickness, _INK_LIMIT), (extent, _EXTENT_LIMIT)):
        smooth = ndimage.gaussian_filter1d(profile.astype(np.float64), max(_SMOOTH * height, 0.5))
        reach = max(int(_VALLEY * height), 2)
        low = ndimage.minimum_filter1d(smooth, 2 * reach + 1)
        peak = ndimage.maximum_filter1d(smooth, 2 * reach + 1)
        at = np.flatnonzero((smooth == low) & (smooth < limit * height) & (peak > smooth + 0.5))
        places |= set(at[(at >= reach) & (at < width - reach)].tolist())
    cuts: list[int] = []
    for place in sorted(places):
        if not cuts or place - cuts[-1] > max(2, _APART * height):
            cuts.append(place)
    cuts = sorted([*cuts, *_cuts_of_broad_pieces([0, *cuts, width], thickness, height)])
    which = np.searchsorted(cuts, column, side="right")
    return [Piece(y[which == i], x[which == i], part) for i in range(len(cuts) + 1) if (which == i).any()]


def _cuts_of_broad_pieces(edges: list[int], profile: np.ndarray, height: float) -> list[int]:
    """One more cut in each piece that is too broad for a digit: where the profile is lowest in its middle."""
    smooth = ndimage.gaussian_filter1d(profile.astype(np.float64), max(_SMOOTH * height, 0.5))
    found = []
    for left, right in pairwise(edges):
        if right - left > _BROAD * max(height, _FEWEST):
            first, last = (round(left + share * (right - left)) for share in (0.3, 0.7))
            found.append(first + int(smooth[first : last + 1].argmin()))
    return found


def _candidates(ink: np.ndarray, pieces: list[Piece], slant: float, height: float) -> list[Candidate]:
    found, pixels = [], 0
    padded = np.pad(ink, 1)
    for first in range(len(pieces)):
        reach = -np.inf
        for last in range(first, min(first + MOST_PIECES, len(pieces))):
            along = pieces[last].x + slant * pieces[last].y
            if last > first and along.min() - reach > GAP * height:
                break
            reach = max(reach, along.max())
            y, x = (np.concatenate([getattr(p, axis) for p in pieces[first : last + 1]]) for axis in "yx")
            is_connected = pieces[first].part == pieces[last].part
            if np.ptp(x + slant * y) > WIDEST * (max(height, np.ptp(y)) if is_connected else height):
                break
            if np.ptp(y) >= LOWEST * height:
                pixels += int(np.ptp(y) + 1) * int(np.ptp(x) + 1)
                if pixels > _MOST_PIXELS or len(found) == MOST_CANDIDATES:
                    raise InvalidImage("The picture has a pattern instead of digits. Crop it to one line of digits.")
                found.append(_candidate(padded, first, last, y, x))
    return found


def _candidate(padded: np.ndarray, first: int, last: int, y: np.ndarray, x: np.ndarray) -> Candidate:
    left, top, right, bottom = int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1
    # With the soft edge of a pixel, which is fainter than SEEN.
    own = np.zeros((bottom - top + 2, right - left + 2), bool)
    own[y - top + 1, x - left + 1] = True
    edge = _dilated(own)
    around = padded[top : bottom + 2, left : right + 2]
    alone = np.where(own | (edge & (around < SEEN)), around, 0).astype(np.float32)
    return Candidate(first, last, (left, top, right, bottom), alone)


def _dilated(mask: np.ndarray) -> np.ndarray:
    """A mask (h, w), wider by a pixel in all eight directions; SciPy takes ten times as long."""
    wide = mask.copy()
    wide[:, 1:] |= mask[:, :-1]
    wide[:, :-1] |= mask[:, 1:]
    high = wide.copy()
    high[1:] |= wide[:-1]
    high[:-1] |= wide[1:]
    return high
