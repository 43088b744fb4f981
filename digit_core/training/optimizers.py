"""The optimiser of a training."""

import keras

from digit_core.runs.config import TrainingConfig
from digit_core.training.schedules import learning_rate


def optimizer(config: TrainingConfig, steps: int) -> keras.optimizers.Optimizer:
    """The configured optimiser with its learning rate, for a training of `steps` steps.

    "adam" is AdamW where there is weight decay (Loshchilov and Hutter 2017); "sgd" has Nesterov's
    momentum, and `beta_1` is that momentum; "rmsprop" averages squares with `beta_2`.
    """
    common = {"learning_rate": learning_rate(config, steps), "weight_decay": config.weight_decay or None}
    if config.optimizer == "sgd":
        return keras.optimizers.SGD(momentum=config.beta_1, nesterov=config.beta_1 > 0, **common)
    if config.optimizer == "rmsprop":
        return keras.optimizers.RMSprop(rho=config.beta_2, **common)
    return keras.optimizers.Adam(beta_1=config.beta_1, beta_2=config.beta_2, **common)
