"""The networks, a short function each, from a configuration to an untrained `keras.Model`.

All of them map images (n, 28, 28, 1), 0 to 1, to logits (n, 10), or (n, 11) when there are
counter-examples to learn "not a digit" from.
"""

from collections.abc import Callable

import keras
from keras import layers

from digit_core.runs.config import TrainingConfig
from digit_core.training.batches import classes

INPUT_SHAPE = (28, 28, 1)
# The default of 0.99 has not forgotten the untrained network after the 215 steps of one short epoch.
_MOMENTUM = 0.9


def quick(config: TrainingConfig) -> keras.Model:
    """Two convolutions and a dense layer, 143,000 parameters, made to learn fast.

    Hardly any ink lies within two pixels of the edge; leaving those out saves a quarter of the
    time and costs no accuracy on validation images.
    """
    inputs = keras.Input(INPUT_SHAPE, name="image")
    x = layers.Cropping2D(2)(inputs)
    x = _convolution(x, 16, 5, "valid", pool=True)
    x = _convolution(x, 64, 3, "valid", pool=True)
    x = _dense(layers.Flatten()(x), 128)
    x = layers.Dropout(config.dropout)(x)
    return keras.Model(inputs, _logits(x, config), name="quick")


def robust(config: TrainingConfig) -> keras.Model:
    """Five convolutions, 246,000 parameters: what it takes to read what people draw."""
    x = inputs = keras.Input(INPUT_SHAPE, name="image")
    x = _convolution(x, 32, 5, "valid", pool=True)
    x = _convolution(x, 64, 3, "same")
    x = _convolution(x, 64, 3, "valid", pool=True)
    x = _convolution(x, 112, 3, "same")
    x = _convolution(x, 112, 3, "valid")
    x = layers.Dropout(config.dropout)(layers.Flatten()(x))
    return keras.Model(inputs, _logits(x, config), name="robust")


def accurate(config: TrainingConfig) -> keras.Model:
    """Six convolutions and a single pooling, 364,000 parameters: a file of 1.5 MB.

    Without a second pooling more of where the strokes lie reaches the last layer.
    """
    x = inputs = keras.Input(INPUT_SHAPE, name="image")
    x = _convolution(x, 32, 3, "valid")
    x = _convolution(x, 32, 3, "valid", pool=True)
    x = layers.Dropout(config.dropout / 2)(x)
    x = _convolution(x, 64, 3, "valid")
    x = _convolution(x, 96, 3, "valid")
    x = layers.Dropout(config.dropout / 2)(x)
    x = _convolution(x, 128, 3, "valid")
    x = _convolution(x, 128, 3, "valid")
    x = layers.Dropout(config.dropout)(layers.Flatten()(x))
    return keras.Model(inputs, _logits(x, config), name="accurate")


def tiny(config: TrainingConfig) -> keras.Model:
    """Fewer than 4,000 parameters: narrow convolutions, and a mean over the picture at the end.

    Five convolutions of 8 to 12 channels learn more than four of up to 16 with as many parameters.
    """
    x = inputs = keras.Input(INPUT_SHAPE, name="image")
    x = _convolution(x, 8, 3, "valid")
    x = _convolution(x, 8, 3, "valid", pool=True)
    x = _convolution(x, 10, 3, "valid")
    x = _convolution(x, 10, 3, "valid", pool=True)
    x = _convolution(x, 12, 3, "valid")
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(config.dropout)(x)
    return keras.Model(inputs, _logits(x, config), name="tiny")


def two_block(config: TrainingConfig) -> keras.Model:
    """The CNN of Keras's and many others' introductions: conv, pool, conv, pool, dense."""
    return _stack(
        "two_block",
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(config.dropout),
        layers.Dense(classes(config), name="logits"),
    )


def batch_norm(config: TrainingConfig) -> keras.Model:
    """Convolutions with batch normalisation and dropout, 424,000 parameters."""
    x = inputs = keras.Input(INPUT_SHAPE, name="image")
    for filters in (32, 64, 128):
        x = layers.Dropout(config.dropout / 2)(_convolution(x, filters, 3, "same", pool=True))
    x = layers.Flatten()(x)
    for units in (256, 128):
        x = layers.Dropout(config.dropout)(_dense(x, units))
    return keras.Model(inputs, _logits(x, config), name="batch_norm")


def lenet5(config: TrainingConfig) -> keras.Model:
    """LeNet-5 (LeCun et al. 1998, figure 2): C1 6 maps, S2, C3 16 maps, S4, C5 120, F6 84.

    As in most of today's versions C3 sees all maps of S2, the pooling has no weights, and a
    softmax takes the place of the radial basis functions.
    """
    return _stack(
        "lenet5",
        layers.Conv2D(6, 5, padding="same", activation="tanh", name="C1"),
        layers.AveragePooling2D(2, name="S2"),
        layers.Conv2D(16, 5, activation="tanh", name="C3"),
        layers.AveragePooling2D(2, name="S4"),
        layers.Conv2D(120, 5, activation="tanh", name="C5"),
        layers.Flatten(),
        layers.Dense(84, activation="tanh", name="F6"),
        layers.Dropout(config.dropout),
        layers.Dense(classes(config), name="logits"),
    )


def classic(config: TrainingConfig) -> keras.Model:
    """Convolutions and poolings in turn, then a dense layer; nothing else."""
    return _stack(
        "classic",
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dropout(config.dropout),
        layers.Dense(classes(config), name="logits"),
    )


def custom(config: TrainingConfig) -> keras.Model:
    """The configuration's own layers: convolutions, each with a pooling, then dense ones."""
    x = inputs = keras.Input(INPUT_SHAPE, name="image")
    for filters, size in zip(config.filters, config.kernel_sizes, strict=True):
        if config.batch_normalization:
            x = _convolution(x, filters, size, "valid", pool=True)
        else:
            x = layers.MaxPooling2D()(layers.Conv2D(filters, size, activation="relu")(x))
    x = layers.Flatten()(x)
    for units in config.dense_units:
        x = _dense(x, units) if config.batch_normalization else layers.Dense(units, activation="relu")(x)
        x = layers.Dropout(config.dropout)(x)
    return keras.Model(inputs, _logits(x, config), name="custom")


def resnet(config: TrainingConfig) -> keras.Model:
    """Residual stages of 32, 64 and 128 channels at 14, 7 and 4 pixels (He et al. 2015, figure 2)."""
    x = inputs = keras.Input(INPUT_SHAPE, name="image")
    x = _convolution(x, 32, 3, "same", pool=True)
    for filters, stride in ((32, 1), (64, 2), (128, 2)):
        around = x
        if stride > 1:
            around = layers.Conv2D(filters, 1, strides=stride, use_bias=False)(x)
            around = layers.BatchNormalization(momentum=_MOMENTUM)(around)
        x = _convolution(x, filters, 3, "same", stride=stride)
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=_MOMENTUM)(x)
        x = layers.ReLU()(layers.Add()([x, around]))
    x = layers.Dropout(config.dropout)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, _logits(x, config), name="resnet")


def mobilenet(config: TrainingConfig) -> keras.Model:
    """Depthwise separable convolutions (Howard et al. 2017, table 1), of 28 pixels' size."""
    x = inputs = keras.Input(INPUT_SHAPE, name="image")
    x = _convolution(x, 32, 3, "same", pool=True)
    for filters, stride in ((64, 1), (128, 2), (128, 1), (256, 2)):
        x = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=_MOMENTUM)(x))
        x = _convolution(x, filters, 1, "same")
    x = layers.Dropout(config.dropout)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, _logits(x, config), name="mobilenet")


def _stack(name: str, *stacked: layers.Layer) -> keras.Model:
    return keras.Sequential([keras.Input(INPUT_SHAPE, name="image"), *stacked], name=name)


def _convolution(x, filters: int, size: int, padding: str, *, pool: bool = False, stride: int = 1):
    """Convolution, max pooling if wanted, batch normalisation, ReLU.

    Pooling first computes the same (batch normalisation's scale being positive) with a quarter
    of the work where it costs most.
    """
    x = layers.Conv2D(filters, size, strides=stride, padding=padding, use_bias=False)(x)
    if pool:
        x = layers.MaxPooling2D()(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=_MOMENTUM)(x))


def _dense(x, units: int):
    x = layers.Dense(units, use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=_MOMENTUM)(x))


def _logits(x, config: TrainingConfig):
    return layers.Dense(classes(config), name="logits")(x)


BUILDERS: dict[str, Callable[[TrainingConfig], keras.Model]] = {
    builder.__name__: builder
    for builder in (
        quick,
        robust,
        accurate,
        tiny,
        two_block,
        batch_norm,
        lenet5,
        classic,
        custom,
        resnet,
        mobilenet,
    )
}


def build(config: TrainingConfig) -> keras.Model:
    """The untrained network of the configuration's preset."""
    return BUILDERS[config.preset](config)
