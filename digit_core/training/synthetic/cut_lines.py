"""Digits and non-digits as `segment` cuts them from a line of digits.

A number is read by a search over the cuts of its line, which relies on the network to tell a digit from two that
touch, or from one with half of its neighbour. It learns that from what the cuts really leave (Liu, Sako and
Fujisawa 2004, "Effects of classifier structures and training regimes on integrated segmentation and recognition
of handwritten numeral strings").
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from digit_core.errors import DigitError
from digit_core.preprocessing.normalize import to_float
from digit_core.preprocessing.segmentation import SEEN, Candidate, segment
from digit_core.preprocessing.stroke_width import normalize_picture
from digit_core.preprocessing.strokes import draw_line
from digit_core.training.synthetic.digits import written_digit

_LENGTHS = 2, 6  # digits of a line
_HEIGHTS = 30.0, 110.0  # pixels of a digit
_RULED = 0.12  # share of the lines with a part of a ruled line through or below the digits
_MARGIN = 10  # pixels around a line
_UNEVEN = 0.12  # of a digit's height: the scale on which ink is uneven
_ALL, _FOREIGN = 0.92, 0.06  # a candidate with so much of a digit, and so little of others, is that digit
_MOST, _PART = 0.55, 0.2  # with so much of two digits, or so large a part of others, it is none
_NEGATIVES = 3  # of a line at most: neighbouring candidates are alike


class Content(IntEnum):
    """What a candidate is that is no whole digit."""

    NO_DIGIT = -1
    UNCLEAR = -2  # a piece of one digit, which may look like one itself: half of a 4 is a 1


@dataclass(frozen=True)
class Line:
    """Ink float32 (h, w), 0 to 1, and of each digit its label and where its ink is, bool (h, w)."""

    ink: np.ndarray
    labels: tuple[int, ...]
    masks: tuple[np.ndarray, ...]


def generate_cut_digits(
    digits: int, negatives: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Digits uint8 (digits, 28, 28), int64 labels (digits,), and non-digits uint8 (negatives, 28, 28)."""
    images, labels = np.empty((digits, 28, 28), np.uint8), np.empty(digits, np.int64)
    others = np.empty((negatives, 28, 28), np.uint8)
    filled = no_digits = 0
    while filled < digits or no_digits < negatives:
        for image, label in _candidates_of(_written_line(rng), rng):
            if label is None and no_digits < negatives:
                others[no_digits] = image
                no_digits += 1
            elif label is not None and filled < digits:
                images[filled], labels[filled] = image, label
                filled += 1
    return images, labels, others


def _candidates_of(line: Line, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, int | None]]:
    """The candidates that are digits, each with its label, and some that are none: uint8 (28, 28)."""
    try:
        candidates = segment(line.ink).candidates
    except DigitError:  # more marks than a line of digits has
        return
    found = [(each, content_of(each, line)) for each in candidates]
    none = [each for each, content in found if content == Content.NO_DIGIT]
    picked = rng.choice(len(none), min(len(none), _NEGATIVES), replace=False)
    for each, content in [*((e, c) for e, c in found if c >= 0), *((none[at], None) for at in picked)]:
        yield (normalize_picture(each.ink) * 255 + 0.5).astype(np.uint8), content


def content_of(candidate: Candidate, line: Line) -> int:
    """The digit that a candidate of the line is, 0 to 9, or a `Content`."""
    left, top, right, bottom = candidate.box
    seen = candidate.ink[1:-1, 1:-1] >= SEEN
    inside = np.array([mask[top:bottom, left:right] & seen for mask in line.masks])
    shared = np.array([own.sum() / max(mask.sum(), 1) for own, mask in zip(inside, line.masks, strict=True)])
    main = int(shared.argmax())
    foreign = (inside.any(axis=0) & ~inside[main]).sum() / max(seen.sum(), 1)
    if shared[main] >= _ALL and foreign <= _FOREIGN:
        return line.labels[main]
    if (shared >= _MOST).sum() > 1 or foreign >= _PART:
        return Content.NO_DIGIT
    return Content.UNCLEAR


def _written_line(rng: np.random.Generator) -> Line:
    """Digits side by side, some of which touch, overlap or are linked, in one pen."""
    height = rng.uniform(*_HEIGHTS)
    pen = max(height * float(np.clip(rng.normal(0.085, 0.035), 0.035, 0.2)), 1.5)
    gap = rng.normal(0.02, 0.08)
    labels = tuple(rng.integers(0, 10, rng.integers(*_LENGTHS)).tolist())
    placed, right = [], 0.0
    for label in labels:
        strokes = written_digit(label, rng)
        points = np.concatenate(strokes)
        low, size = points.min(axis=0), np.ptp(points, axis=0)
        scale = height * rng.uniform(0.85, 1.1) / max(size[1], 0.4 * size[0])
        if label == 0 and rng.random() < 0.15:
            scale *= rng.uniform(0.5, 0.9)
        shift = (right, (height - size[1] * scale) / 2 + rng.normal(0, 0.06) * height)
        placed.append([(stroke - low) * scale + shift for stroke in strokes])
        right += size[0] * scale + pen + float(np.clip(gap + rng.normal(0, 0.1), -0.3, 0.4)) * height
    everything = np.concatenate([np.concatenate(strokes) for strokes in placed])
    low, high = everything.min(axis=0) - pen - _MARGIN, everything.max(axis=0) + pen + _MARGIN
    shape = tuple(np.ceil(high - low).astype(int).tolist())
    drawn = [_drawn([stroke - low for stroke in strokes], pen, shape) for strokes in placed]
    ink = np.max(drawn, axis=0)
    if rng.random() < _RULED:
        ink = np.maximum(ink, _rule(shape, pen, height, rng))
    return Line(_as_seen(ink, height, rng), labels, tuple(ndimage.binary_dilation(own > 0.5) for own in drawn))


def _drawn(strokes: list[np.ndarray], pen: float, shape: tuple[int, int]) -> np.ndarray:
    image = Image.new("L", shape)
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        draw_line(draw, stroke, max(round(pen), 1), pen / 2)
    return to_float(np.asarray(image))


def _rule(shape: tuple[int, int], pen: float, height: float, rng: np.random.Generator) -> np.ndarray:
    """What is left of a ruled line: a stretch of it, at the foot of the digits more often than across them."""
    width = shape[0]
    y = shape[1] - _MARGIN - pen - rng.uniform(-0.1, 0.5 if rng.random() < 0.3 else 0.15) * height
    start = rng.uniform(0, width)
    ends = np.array([[start, y], [start + rng.uniform(0.4, 2.0) * height, y + rng.normal(0, 0.03) * height]])
    return _drawn([ends], max(pen * rng.uniform(0.3, 0.8), 1.0), shape)


def _as_seen(ink: np.ndarray, height: float, rng: np.random.Generator) -> np.ndarray:
    """Blurred, and in part uneven, which breaks thin strokes."""
    blurred = ndimage.gaussian_filter(ink, rng.uniform(0.4, 0.4 + 0.015 * height))
    if rng.random() < 0.5:
        side = max(round(_UNEVEN * height), 2)
        coarse = rng.normal(1.0, 0.2, [-(-length // side) for length in ink.shape])
        blurred = blurred * np.kron(coarse, np.ones((side, side)))[: ink.shape[0], : ink.shape[1]]
    return np.clip(blurred * rng.uniform(1.1, 1.8), 0, 1).astype(np.float32)
