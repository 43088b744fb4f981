import numpy as np
import pytest

from digit_core.evaluation.smoothing import smoothed


def test_without_weight_a_curve_stays_as_it_is():
    assert smoothed([3.0, 1.0, 2.0], 0).tolist() == [3, 1, 2]


@pytest.mark.parametrize("weight", [0.3, 0.9])
def test_a_constant_curve_stays_constant_from_its_first_value(weight):
    assert smoothed([0.7] * 20, weight) == pytest.approx([0.7] * 20)


def test_noise_becomes_smaller_and_the_level_stays():
    noisy = 5 + np.random.default_rng(0).normal(size=500)
    calm = smoothed(noisy, 0.9)
    assert np.std(calm[50:]) < 0.4 * np.std(noisy)
    assert calm[-1] == pytest.approx(5, abs=0.6)
    assert smoothed([], 0.5).tolist() == []
