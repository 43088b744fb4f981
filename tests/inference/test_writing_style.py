"""The digits of a number, each given the others."""

import numpy as np
import pytest

from digit_core.inference.prediction import Prediction
from digit_core.inference.writing_style import by_one_hand
from digit_core.preprocessing.strokes import draw_strokes

PLAIN = [np.array([[60.0, 20.0], [40.0, 220.0]])]
FLAGGED = [np.array([[20.0, 70.0], [90.0, 40.0], [60.0, 220.0]])]
ZERO = [np.array([[50 + 50 * np.cos(t), 120 + 90 * np.sin(t)] for t in np.linspace(0, 2 * np.pi, 40)])]


def predicted(strokes, **shares: float) -> Prediction:
    """A prediction for strokes: `one=0.6, seven=0.4`."""
    probabilities = np.zeros(10, np.float32)
    for name, share in shares.items():
        probabilities[["zero", "one", "two", "three", "four", "five", "six", "seven"].index(name)] = share
    digit = int(probabilities.argmax())
    return Prediction(digit, probabilities, float(probabilities.max()), 0.99, True, draw_strokes(strokes, 10))


def no_features(inputs: np.ndarray) -> None:
    return None


def the_picture(inputs: np.ndarray) -> np.ndarray:
    return inputs.reshape(len(inputs), -1)


UNSURE = predicted(FLAGGED, one=0.6, seven=0.4)


def test_beside_a_plain_one_a_stroke_with_a_flag_is_a_seven():
    one, seven = by_one_hand([predicted(PLAIN, one=0.99, seven=0.01), UNSURE], no_features)
    assert (one.digit, seven.digit) == (1, 7)
    assert seven.confidence == pytest.approx(0.8)  # 0.4 counts six times
    assert seven.probabilities.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "other",
    [
        predicted(FLAGGED, one=0.99, seven=0.01),
        predicted(PLAIN, one=0.8, seven=0.2),
        predicted(PLAIN, seven=1.0),
        predicted(ZERO, zero=1.0),
    ],
    ids=["flagged", "unsure", "no one", "zero"],
)
def test_without_a_sure_plain_one_nothing_changes(other):
    assert by_one_hand([other, UNSURE], no_features) == [other, UNSURE]


def test_what_is_surely_a_one_stays_one():
    flagged = predicted(FLAGGED, one=0.97, seven=0.03)
    assert [each.digit for each in by_one_hand([predicted(PLAIN, one=1.0), flagged], no_features)] == [1, 1]


def test_a_dot_and_a_level_stroke_are_not_plain_ones():
    for strokes in ([np.array([[5.0, 5.0]])], [np.array([[0.0, 50.0], [100.0, 50.0]])]):
        assert by_one_hand([predicted(strokes, one=1.0), UNSURE], no_features)[1].digit == 1


def test_a_digit_that_looks_like_a_surer_one_beside_it_is_the_same():
    sure, unsure = predicted(ZERO, zero=0.99, six=0.01), predicted(ZERO, six=0.7, zero=0.3)
    assert [each.digit for each in by_one_hand([sure, unsure], no_features)] == [0, 6]
    same = by_one_hand([sure, unsure], the_picture)[1]
    assert same.digit == 0
    assert same.confidence == pytest.approx(0.3 * np.exp(3) / (0.3 * np.exp(3) + 0.7), abs=0.01)


@pytest.mark.parametrize(
    "other", [predicted(PLAIN, zero=0.99), predicted(ZERO, zero=0.8, three=0.2)], ids=["other shape", "unsure"]
)
def test_other_digits_tell_nothing(other):
    unsure = predicted(ZERO, six=0.7, zero=0.3)
    assert by_one_hand([other, unsure], the_picture)[1].digit == 6


def test_features_are_computed_only_for_an_unsure_digit_beside_a_sure_one():
    def refuse(inputs):
        raise AssertionError("features for nothing")

    sure, unsure = predicted(ZERO, zero=1.0), predicted(ZERO, six=0.7, zero=0.3)
    by_one_hand([sure, sure], refuse)
    by_one_hand([unsure], refuse)
