import pytest

from digit_core.runs.config import training_config
from digit_core.training.optimizers import optimizer


@pytest.mark.parametrize(("name", "kind"), [("adam", "Adam"), ("sgd", "SGD"), ("rmsprop", "RMSprop")])
def test_the_configured_optimiser_is_used_with_its_settings(name, kind):
    config = training_config("quick", optimizer=name, schedule="constant", learning_rate=0.05, weight_decay=0.01)
    built = optimizer(config, 100)
    assert type(built).__name__ == kind
    assert float(built.learning_rate) == pytest.approx(0.05)
    assert built.weight_decay == 0.01
    settings = built.get_config()
    wanted = {"adam": ("beta_1", 0.7), "sgd": ("momentum", 0.7), "rmsprop": ("rho", 0.9)}[name]
    assert settings[wanted[0]] == wanted[1]
