import pytest

from digit_core.errors import InvalidConfig
from digit_core.runs.config import parse_config, parse_numbers, training_config
from digit_core.runs.presets import PRESETS


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("data", ["mnist", "digits"])
def test_every_preset_has_valid_defaults(preset, data):
    assert training_config(preset, data=data).preset == preset


def test_settings_override_the_presets_defaults():
    assert training_config("two_block").epochs == 12
    assert training_config("two_block", epochs=3).epochs == 3


def test_a_configuration_survives_serialization():
    config = training_config("lenet5", seed=7)
    assert parse_config(config.model_dump()) == config


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("epochs", 0, "epochs should be from 1 to 500, got 0"),
        ("learning_rate", 2.5, "learning_rate should be above 0 and at most 1, got 2.5"),
        ("seed", -1, "seed should be at least 0 and below 2,147,483,648, got -1"),
        ("optimizer", "lion", "optimizer should be 'adam', 'sgd' or 'rmsprop', got 'lion'"),
        ("batch_size", -5, "batch_size .* got -5"),
        ("learning_rate", float("nan"), "learning_rate should be a finite number"),
        ("validation_fraction", 1.5, "validation_fraction should be above 0 and at most 0.5, got 1.5"),
        ("data", "cifar", "data should be 'mnist' or 'digits', got 'cifar'"),
        ("epochs", "many", "epochs should be a valid integer.*got 'many'"),
        ("speed", 3, "there is no setting 'speed'; the settings are preset, data"),
    ],
)
def test_a_wrong_value_is_named_with_the_allowed_ones(setting, value, words):
    with pytest.raises(InvalidConfig, match=words):
        training_config("quick", **{setting: value})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"filters": ()}, "filters needs at least one number"),
        ({"filters": (8, 16, 32)}, "kernel_sizes needs one number for each of the 3 filters, got 2"),
        ({"kernel_sizes": (3, 15)}, "convolution 2 of 15 x 15 does not fit the 13 x 13"),
        ({"kernel_sizes": (28, 1)}, "convolution 1 leaves 1 x 1 of the 28 x 28 pixels"),
        ({"filters": (8,) * 4, "kernel_sizes": (3,) * 4}, "convolution 4 of 3 x 3 does not fit the 1 x 1"),
        ({"filters": (0, 8)}, "filters, number 1 should be greater than or equal to 1, got 0"),
        ({"filters": (1_000_000, 8)}, "filters, number 1 should be less than or equal to 512, got 1000000"),
        ({"dense_units": (1_000_000,)}, "dense_units, number 1 should be less than or equal to 4096, got 1000000"),
        ({"dense_units": (128,) * 9}, "dense_units should have at most 4 items"),
        ({"filters": None}, "filters is needed for the preset custom"),
        ({"epochs": 0}, "epochs should be from 1 to 500, got 0"),
        ({"batch_size": 8000, "data": "digits"}, "batch_size should be at most 1,318.*got 8000"),
        ({"rotation": 90}, "rotation should be from 0 to 45, got 90"),
        ({"augmentation": "drawings"}, 'rotation goes with augmentation "none" only'),
    ],
)
def test_an_impossible_network_is_refused_with_the_field_named(settings, words):
    with pytest.raises(InvalidConfig, match=words):
        training_config("custom", **settings)


def test_layers_belong_to_the_preset_custom():
    with pytest.raises(InvalidConfig, match="filters can be set for the preset custom only, not for quick"):
        training_config("quick", filters=(8, 8))


def test_layers_are_parsed_as_people_type_them():
    assert parse_numbers(" 16, 32 64,", "filters") == (16, 32, 64)
    assert parse_numbers("", "dense_units") == ()
    with pytest.raises(InvalidConfig, match="filters should be whole numbers.*got '3.5'"):
        parse_numbers("3.5", "filters")


def test_an_unknown_preset_is_answered_with_the_known_ones():
    with pytest.raises(InvalidConfig, match="no preset 'huge'; choose one of quick, "):
        training_config("huge")


def test_a_configuration_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        training_config("quick").epochs = 3
