"""Numbers on simulated photos: what lies on the paper, around it, and on its light is no digit."""

import numpy as np
import pytest

from digit_core import Recognizer
from scripts.benchmarks.drawings import FOUR, SEVEN, paint
from scripts.benchmarks.photo_conditions import CONDITIONS, photograph


def ink(*digits) -> np.ndarray:
    """Digits side by side, half as large as on a canvas: float32 (140, w), 0 to 1."""
    return np.hstack([paint(strokes, 20, 280)[::2, ::2] for strokes in digits]) / np.float32(255)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_number_is_read_under_every_condition(condition):
    picture = photograph(ink(SEVEN, FOUR, SEVEN), condition, np.random.default_rng(0))
    assert [line.text for line in Recognizer.load("shipped").predict_lines(picture)] == ["747"]


@pytest.mark.parametrize("condition", sorted(CONDITIONS.keys() - {"folds"}))
def test_one_digit_on_a_sheet_is_read_under_every_condition_but_folds_as_dark_as_ink(condition):
    picture = photograph(ink(FOUR), condition, np.random.default_rng(0))
    assert [line.text for line in Recognizer.load("shipped").predict_lines(picture)] == ["4"]
