import itertools

import pytest

from digit_core.cluster.search_space import config_of, own_values, search_space
from digit_core.runs.config import training_config
from digit_core.runs.presets import PRESETS


@pytest.mark.parametrize("data", ["mnist", "digits"])
@pytest.mark.parametrize("preset", PRESETS)
def test_a_presets_own_settings_are_a_point_of_its_space_and_give_its_own_configuration(preset, data):
    base = {"preset": preset, "data": data}
    config = config_of(base, {})
    assert config == training_config(preset, data=data)
    values = own_values(config)
    space = search_space(config)
    assert set(values) == {dimension.name for dimension in space}
    for dimension in space:
        value = values[dimension.name]
        assert value in dimension.choices if dimension.choices else dimension.low <= value <= dimension.high
    assert config_of(base, values) == config


@pytest.mark.parametrize("data", ["mnist", "digits"])
def test_every_point_of_the_space_of_custom_can_be_trained(data):
    base = {"preset": "custom", "data": data}
    space = search_space(config_of(base, {}))
    ends = [dimension.choices or (dimension.low, dimension.high) for dimension in space]
    shown = {"convolutions", "first_filters", "filter_growth", "first_kernel", "second_kernel", "dense_layers"}
    # The extremes of the others, and all networks.
    choices = [
        each if dimension.name in shown else (each[0], each[-1]) for dimension, each in zip(space, ends, strict=True)
    ]
    names = [dimension.name for dimension in space]
    for values in itertools.islice(itertools.product(*choices), 0, None, 37):
        config_of(base, dict(zip(names, values, strict=True)))


def test_other_values_are_settings_themselves():
    assert config_of({"preset": "quick", "epochs": 3}, {"seed": 5}) == training_config("quick", epochs=3, seed=5)
