import numpy as np
import pytest

from digit_core.learning.architectures import BUILDERS, build
from digit_core.learning.schedules import Triangular, learning_rate
from digit_core.records.config import training_config
from digit_core.records.presets import PRESETS


def test_every_preset_can_be_built_and_nothing_else():
    assert set(BUILDERS) == set(PRESETS)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_network_maps_pictures_to_ten_logits(preset):
    model = build(training_config(preset))
    assert model(np.zeros((3, 28, 28, 1), np.float32)).shape[0] == 3
    assert model.output_shape[1] == (11 if training_config(preset).counterexamples else 10)


@pytest.mark.parametrize(
    ("preset", "parameters"),
    # two_block: 320 + 18,496 + 204,928 + 1,290; lenet5: 156 + 2,416 + 48,120 + 10,164 + 850
    [("two_block", 225034), ("lenet5", 61706)],
)
def test_the_reference_networks_have_the_size_that_the_papers_layers_add_up_to(preset, parameters):
    assert build(training_config(preset)).count_params() == parameters


def test_the_triangular_rate_rises_to_its_peak_and_falls_to_nearly_nothing():
    rates = np.array([float(Triangular(0.01, 100)(step)) for step in range(100)])
    assert rates.argmax() in {24, 25}
    assert rates.max() == pytest.approx(0.01, rel=0.05)
    assert (np.diff(rates[:24]) > 0).all()
    assert (np.diff(rates[26:]) < 0).all()
    assert 0 < rates[-1] < 0.0002


def test_a_schedule_ends_with_the_training():
    schedule = learning_rate(training_config("quick"), 22)
    assert schedule.steps == 22
    assert learning_rate(training_config("two_block"), 22) == 0.001
