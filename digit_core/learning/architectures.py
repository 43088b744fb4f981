"""The networks, a short function each, from a configuration to an untrained `keras.Model`.

All of them map images (n, 28, 28, 1), 0 to 1, to logits (n, 10), or (n, 11) when there are
counter-examples to learn "not a digit" from.
"""

from collections.abc import Callable

import keras
from keras import layers

from digit_core.learning.practice import classes
from digit_core.records.config import TrainingConfig

INPUT_SHAPE = (28, 28, 1)
# The default of 0.99 has not forgotten the untrained network after the 215 steps of one short epoch.
_MOMENTUM = 0.9


def quick(config: TrainingConfig) -> keras.Model:
    """Two convolutions and a dense layer, 75,000 parameters, made to learn fast.

    Hardly any ink lies within two pixels of the edge; leaving those out saves a quarter of the
    time and costs no accuracy on validation images.
    """
    inputs = keras.Input(INPUT_SHAPE, name="image")
    x = layers.Cropping2D(2)(inputs)
    x = _convolution(x, 24, 5, "valid", pool=True)
    x = _convolution(x, 32, 3, "valid", pool=True)
    x = layers.Dense(128, use_bias=False)(layers.Flatten()(x))
    x = layers.ReLU()(layers.BatchNormalization(momentum=_MOMENTUM)(x))
    x = layers.Dropout(config.dropout)(x)
    return keras.Model(inputs, _logits(x, config), name="quick")


def robust(config: TrainingConfig) -> keras.Model:
    """Five convolutions, 243,000 parameters: what it takes to read what people draw."""
    x = inputs = keras.Input(INPUT_SHAPE, name="image")
    x = _convolution(x, 32, 5, "valid", pool=True)
    x = _convolution(x, 64, 3, "same")
    x = _convolution(x, 64, 3, "valid", pool=True)
    x = _convolution(x, 112, 3, "same")
    x = _convolution(x, 112, 3, "valid")
    x = layers.Dropout(config.dropout)(layers.Flatten()(x))
    return keras.Model(inputs, _logits(x, config), name="robust")


def two_block(config: TrainingConfig) -> keras.Model:
    """The CNN of Keras's and many others' introductions: conv, pool, conv, pool, dense."""
    return keras.Sequential(
        [
            keras.Input(INPUT_SHAPE, name="image"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(config.dropout),
            layers.Dense(classes(config), name="logits"),
        ],
        name="two_block",
    )


def lenet5(config: TrainingConfig) -> keras.Model:
    """LeNet-5 (LeCun et al. 1998, figure 2): C1 6 maps, S2, C3 16 maps, S4, C5 120, F6 84.

    As in most of today's versions C3 sees all maps of S2, the pooling has no weights, and a
    softmax takes the place of the radial basis functions.
    """
    return keras.Sequential(
        [
            keras.Input(INPUT_SHAPE, name="image"),
            layers.Conv2D(6, 5, padding="same", activation="tanh", name="C1"),
            layers.AveragePooling2D(2, name="S2"),
            layers.Conv2D(16, 5, activation="tanh", name="C3"),
            layers.AveragePooling2D(2, name="S4"),
            layers.Conv2D(120, 5, activation="tanh", name="C5"),
            layers.Flatten(),
            layers.Dense(84, activation="tanh", name="F6"),
            layers.Dropout(config.dropout),
            layers.Dense(classes(config), name="logits"),
        ],
        name="lenet5",
    )


def _convolution(x, filters: int, size: int, padding: str, *, pool: bool = False):
    """Convolution, max pooling if wanted, batch normalisation, ReLU.

    Pooling first computes the same (batch normalisation's scale being positive) with a quarter
    of the work where it costs most.
    """
    x = layers.Conv2D(filters, size, padding=padding, use_bias=False)(x)
    if pool:
        x = layers.MaxPooling2D()(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=_MOMENTUM)(x))


def _logits(x, config: TrainingConfig):
    return layers.Dense(classes(config), name="logits")(x)


BUILDERS: dict[str, Callable[[TrainingConfig], keras.Model]] = {
    "quick": quick,
    "robust": robust,
    "two_block": two_block,
    "lenet5": lenet5,
}


def build(config: TrainingConfig) -> keras.Model:
    """The untrained network of the configuration's preset."""
    return BUILDERS[config.preset](config)
