"""What `scripts/benchmark.py numbers` measures: how many numbers of five digits by one hand are recognised.

Digits of a writer in a stroke set are put side by side on a canvas, with gaps or so near that many touch, and
predicted as the Draw page does, by their strokes, and as a picture of them.
"""

import time
from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np

from digit_core import Recognizer
from digit_core.preprocessing.fabric_canvas import Drawing
from scripts.benchmarks.drawings import paint
from scripts.stroke_sets import WrittenDigit, load_digits

_NUMBERS, _DIGITS = 400, 5
_HEIGHT, _MARGIN = 140.0, 40.0  # pixels
_PENS = (8, 14)  # pixels
_GAPS = {"apart": (10.0, 45.0), "touching": (-10.0, 10.0)}  # pixels between two strokes' edges


def measure_numbers(drawn: Path) -> dict:
    """The share of numbers with all digits right, and milliseconds a number (median)."""
    writers = by_writer(drawn, _DIGITS)
    recognizer = Recognizer.load()
    figures = {}
    for name, gaps in _GAPS.items():
        rng = np.random.default_rng(0)
        right, seconds = defaultdict(int), defaultdict(list)
        for _ in range(_NUMBERS):
            own = writers[rng.integers(len(writers))]
            digits = [own[i] for i in rng.choice(len(own), _DIGITS, replace=False)]
            text = "".join(str(digit.label) for digit in digits)
            drawing, image = written(digits, gaps, rng)
            calls = {
                "from strokes": partial(recognizer.predict_drawn_number, drawing, image / np.float32(255)),
                "from the picture": partial(recognizer.predict_number, image),
            }
            for way, call in calls.items():
                start = time.perf_counter()
                right[way] += call().text == text
                seconds[way].append(time.perf_counter() - start)
        for way in right:
            figures[f"{name}, {way}"] = {
                "right": right[way] / _NUMBERS,
                "ms": round(1000 * float(np.median(seconds[way])), 1),
            }
    return figures


def by_writer(drawn: Path, least: int) -> list[list[WrittenDigit]]:
    """The digits of each writer in a stroke set who has at least so many."""
    found = defaultdict(list)
    for digit in load_digits(drawn):
        found[digit.writer].append(digit)
    return [own for own in found.values() if len(own) >= least]


def written(
    digits: list[WrittenDigit], gaps: tuple[float, float], rng: np.random.Generator
) -> tuple[Drawing, np.ndarray]:
    """The digits side by side as a drawing, and as a picture of it, uint8 (h, w), white on black."""
    pen = int(rng.integers(_PENS[0], _PENS[1] + 1))
    strokes, x = [], _MARGIN
    for digit in digits:
        points = np.concatenate(digit.strokes)
        low, high = points.min(0), points.max(0)
        size = _HEIGHT * rng.uniform(0.85, 1.1)
        place = (x, _MARGIN + _HEIGHT / 2 - size * (high - low)[1] / 2 + rng.uniform(-12, 12))
        strokes += [(stroke - low) * size + place for stroke in digit.strokes]
        x += size * (high - low)[0] + pen + rng.uniform(*gaps)
    image = paint(strokes, pen, size=int(x + _MARGIN))
    return Drawing(tuple(strokes), float(pen)), image[: int(_HEIGHT + 2 * _MARGIN)]
