import pytest

from digit_core.errors import InvalidConfig
from digit_core.records.config import parse_config, training_config
from digit_core.records.presets import PRESETS


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("data", ["mnist", "digits"])
def test_every_preset_has_valid_defaults(preset, data):
    assert training_config(preset, data=data).preset == preset


def test_settings_override_the_presets_defaults():
    assert training_config("two_block").epochs == 10
    assert training_config("two_block", epochs=3).epochs == 3


def test_a_configuration_survives_being_written_down():
    config = training_config("lenet5", seed=7)
    assert parse_config(config.model_dump()) == config


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("epochs", 0, "epochs should be greater than or equal to 1, got 0"),
        ("batch_size", -5, "batch_size .* got -5"),
        ("learning_rate", float("nan"), "learning_rate should be a finite number"),
        ("validation_fraction", 1.5, "validation_fraction should be less than or equal to 0.5, got 1.5"),
        ("data", "cifar", "data should be 'mnist' or 'digits', got 'cifar'"),
        ("epochs", "many", "epochs should be a valid integer.*got 'many'"),
        ("speed", 3, "there is no setting 'speed'; the settings are preset, data"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(setting, value, words):
    with pytest.raises(InvalidConfig, match=words):
        training_config("quick", **{setting: value})


def test_an_unknown_preset_is_told_the_known_ones():
    with pytest.raises(InvalidConfig, match="no preset 'huge'; choose one of quick, "):
        training_config("huge")


def test_a_configuration_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        training_config("quick").epochs = 3
