import pytest

from digit_core.evaluation.parallel_coordinates import LOSS_TITLE, coordinates
from tests.runs.test_searches import make_search, make_trial


def test_axes_are_spread_from_the_lowest_value_to_the_highest_and_logarithms_evenly():
    trials = [make_trial(1, 0.1), make_trial(10, 0.4), make_trial(100, 0.2), make_trial(5, None, "failed")]
    table = coordinates(make_search(), trials)
    rates = table[table["axis"] == "Learning rate"].set_index("trial")
    assert dict(rates["place"]) == pytest.approx({1: 0.0, 10: 0.5, 100: 1.0})
    assert dict(rates["rank"]) == {1: 0.0, 100: 0.5, 10: 1.0}
    switches = table[table["axis"] == "Batch normalisation"].set_index("trial")
    assert dict(switches["place"]) == {1: 0.0, 10: 1.0, 100: 1.0} and switches["value"][10] == "yes"
    words = table[table["axis"] == "Augmentation"]
    assert set(words["place"]) == {0.5}, "all have the same"
    assert list(table["axis"].unique())[-1] == LOSS_TITLE


def test_without_a_trial_that_has_a_loss_there_is_nothing():
    assert coordinates(make_search(), [make_trial(1, None, "running")]).empty
