import pytest

from digit_core.evaluation.settings import TITLES, differing_settings, value_in_words, with_titles
from digit_core.runs.config import TrainingConfig, training_config
from digit_core.runs.presets import PRESETS


def test_every_setting_has_a_title_and_every_value_is_in_words():
    assert set(TITLES) == set(TrainingConfig.model_fields)
    for preset in PRESETS:
        config = training_config(preset)
        for name in TITLES:
            assert value_in_words(config, name)
            assert "_" not in value_in_words(config, name)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("learning_rate", 0.0005, "0.0005"),
        ("validation_fraction", 0.1, "10%"),
        ("weight_decay", 0.0125, "1.25%"),
        ("rotation", 5.0, "5°"),
        ("patience", 3, "after 3 epochs without improvement"),
        ("patience", 500, "off"),
        ("optimizer", "sgd", "SGD with momentum"),
        ("dense_units", (), "none"),
        ("kernel_sizes", (5, 3), "5, 3"),
        ("batch_normalization", False, "no"),
    ],
)
def test_a_value_is_shown_as_people_write_it(name, value, words):
    assert value_in_words(training_config("custom", epochs=12, **{name: value}), name) == words


def test_only_settings_that_differ_are_listed():
    configs = [training_config("quick"), training_config("quick", seed=7, learning_rate=0.01)]
    assert differing_settings(configs) == {"Seed": ["0", "7"], "Learning rate": ["0.015", "0.01"]}
    assert differing_settings(configs[:1]) == differing_settings(configs[:1] * 2) == {}


def test_two_ways_of_no_early_stopping_do_not_differ():
    assert differing_settings([training_config("tiny", patience=p) for p in (40, 500)]) == {}


def test_a_sentence_about_settings_has_their_titles():
    assert with_titles("batch_size should be from 1 to 8,192, got 0; seed should be at least 0, got -1") == (
        "Batch size should be from 1 to 8,192, got 0; seed should be at least 0, got -1"
    )
