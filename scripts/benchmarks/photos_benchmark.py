"""What `scripts/benchmark.py photos` measures: how many numbers are read on photos taken under some condition.

Numbers of one and of four digits by one hand, from a stroke set of real writers; the photos are simulated.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

from digit_core import DigitError, Recognizer
from scripts.benchmarks.numbers_benchmark import by_writer, written
from scripts.benchmarks.photo_conditions import CONDITIONS, photograph

_NUMBERS, _LENGTHS = 100, (1, 4)
_GAPS = 15.0, 45.0  # pixels between two digits
_SURE = 0.9


def measure_photos(drawn: Path) -> dict:
    """For each condition: the share of numbers with all digits right, and wrong though all are over 90 % sure."""
    writers = by_writer(drawn, max(_LENGTHS))
    recognizer = Recognizer.load()
    rng = np.random.default_rng(0)
    right, sure = defaultdict(int), defaultdict(int)
    for number in range(_NUMBERS):
        own = writers[rng.integers(len(writers))]
        digits = [own[i] for i in rng.choice(len(own), _LENGTHS[number % len(_LENGTHS)], replace=False)]
        text = "".join(str(digit.label) for digit in digits)
        _, image = written(digits, _GAPS, rng)
        for condition in CONDITIONS:
            found, confidence = _predicted(recognizer, photograph(image / 255, condition, rng))
            right[condition] += found == text
            sure[condition] += found != text and confidence > _SURE
    return {
        condition: {"right": right[condition] / _NUMBERS, "wrong though sure": sure[condition] / _NUMBERS}
        for condition in CONDITIONS
    }


def _predicted(recognizer: Recognizer, photo: Image.Image) -> tuple[str, float]:
    """The text of all lines, and the least sure digit's confidence; 0 for what does not look like a digit."""
    try:
        lines = recognizer.predict_lines(photo)
    except DigitError:
        return "", 0.0
    digits = [digit.prediction for line in lines for digit in line.digits]
    return " ".join(line.text for line in lines), min(one.confidence * one.is_digit for one in digits)
