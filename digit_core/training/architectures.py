"""The presets' networks, a short function each, from a configuration to an untrained `keras.Model`.

All of them map images (n, 28, 28, 1), 0 to 1, to logits (n, 10), or (n, 11) if there are non-digits to
learn "not a digit" from. To add one, write its function here, under the name of its preset in
`digit_core.runs.presets`.
"""

from collections.abc import Callable

import keras
from keras import layers

from digit_core.runs.config import TrainingConfig
from digit_core.training.batches import class_count

INPUT_SHAPE = (28, 28, 1)
# At the default of 0.99 the averages would still contain the untrained network after a short epoch of 215 steps.
_MOMENTUM = 0.9

BUILDERS: dict[str, Callable] = {}


def build(config: TrainingConfig) -> keras.Model:
    """The untrained network of the configuration's preset."""
    image = keras.Input(INPUT_SHAPE, name="image")
    features = BUILDERS[config.preset](image, config)
    logits = layers.Dense(class_count(config), name="logits")(features)
    return keras.Model(image, logits, name=config.preset)


def _preset(builder: Callable) -> Callable:
    """Register what is between the image and the logits of the preset with the function's name."""
    BUILDERS[builder.__name__] = builder
    return builder


@_preset
def quick(x, config: TrainingConfig):
    """Two convolutions and a dense layer, 143,000 parameters, designed to train fast.

    There is hardly any ink within two pixels of the edge; cropping it saves a quarter of the
    time and costs no accuracy on validation images.
    """
    x = layers.Cropping2D(2)(x)
    x = _convolution(x, 16, 5, "valid", pool=True)
    x = _convolution(x, 64, 3, "valid", pool=True)
    x = _dense(layers.Flatten()(x), 128)
    return layers.Dropout(config.dropout)(x)


@_preset
def robust(x, config: TrainingConfig):
    """Five convolutions, 512,000 parameters: enough to recognise what people draw and write elsewhere."""
    x = _convolution(x, 48, 5, "valid", pool=True)
    x = _convolution(x, 96, 3, "same")
    x = _convolution(x, 96, 3, "valid", pool=True)
    x = _convolution(x, 160, 3, "same")
    x = _convolution(x, 160, 3, "valid")
    return layers.Dropout(config.dropout)(layers.Flatten()(x))


@_preset
def accurate(x, config: TrainingConfig):
    """Six convolutions and a single pooling, 364,000 parameters: a file of 1.5 MB.

    Without a second pooling more of the strokes' positions reaches the last layer.
    """
    x = _convolution(x, 32, 3, "valid")
    x = _convolution(x, 32, 3, "valid", pool=True)
    x = layers.Dropout(config.dropout / 2)(x)
    x = _convolution(x, 64, 3, "valid")
    x = _convolution(x, 96, 3, "valid")
    x = layers.Dropout(config.dropout / 2)(x)
    x = _convolution(x, 128, 3, "valid")
    x = _convolution(x, 128, 3, "valid")
    return layers.Dropout(config.dropout)(layers.Flatten()(x))


@_preset
def tiny(x, config: TrainingConfig):
    """Fewer than 4,000 parameters: narrow convolutions and global average pooling.

    Five convolutions of 8 to 12 channels learn more than four of up to 16 with as many parameters.
    """
    x = _convolution(x, 8, 3, "valid")
    x = _convolution(x, 8, 3, "valid", pool=True)
    x = _convolution(x, 10, 3, "valid")
    x = _convolution(x, 10, 3, "valid", pool=True)
    x = _convolution(x, 12, 3, "valid")
    return layers.Dropout(config.dropout)(layers.GlobalAveragePooling2D()(x))


@_preset
def two_block(x, config: TrainingConfig):
    """The CNN of Keras's and many other tutorials: conv, pool, conv, pool, dense."""
    for filters in (32, 64):
        x = layers.MaxPooling2D()(layers.Conv2D(filters, 3, activation="relu")(x))
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    return layers.Dropout(config.dropout)(x)


@_preset
def batch_norm(x, config: TrainingConfig):
    """Convolutions with batch normalisation and dropout, 424,000 parameters."""
    for filters in (32, 64, 128):
        x = layers.Dropout(config.dropout / 2)(_convolution(x, filters, 3, "same", pool=True))
    x = layers.Flatten()(x)
    for units in (256, 128):
        x = layers.Dropout(config.dropout)(_dense(x, units))
    return x


@_preset
def lenet5(x, config: TrainingConfig):
    """LeNet-5 (LeCun et al. 1998, figure 2): C1 6 maps, S2, C3 16 maps, S4, C5 120, F6 84.

    As in most modern versions C3 is connected to all maps of S2, the pooling has no weights, and
    softmax replaces the radial basis functions.
    """
    x = layers.Conv2D(6, 5, padding="same", activation="tanh", name="C1")(x)
    x = layers.AveragePooling2D(2, name="S2")(x)
    x = layers.Conv2D(16, 5, activation="tanh", name="C3")(x)
    x = layers.AveragePooling2D(2, name="S4")(x)
    x = layers.Conv2D(120, 5, activation="tanh", name="C5")(x)
    x = layers.Dense(84, activation="tanh", name="F6")(layers.Flatten()(x))
    return layers.Dropout(config.dropout)(x)


@_preset
def classic(x, config: TrainingConfig):
    """Convolutions and poolings in turn, then a dense layer; nothing else."""
    for filters in (32, 64):
        x = layers.MaxPooling2D()(layers.Conv2D(filters, 3, activation="relu")(x))
    x = layers.Conv2D(64, 3, activation="relu")(x)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    return layers.Dropout(config.dropout)(x)


@_preset
def custom(x, config: TrainingConfig):
    """The configuration's own layers: convolutions, each with a pooling, then dense ones."""
    for filters, size in zip(config.filters, config.kernel_sizes, strict=True):
        if config.batch_normalization:
            x = _convolution(x, filters, size, "valid", pool=True)
        else:
            x = layers.MaxPooling2D()(layers.Conv2D(filters, size, activation="relu")(x))
    x = layers.Flatten()(x)
    for units in config.dense_units:
        x = _dense(x, units) if config.batch_normalization else layers.Dense(units, activation="relu")(x)
        x = layers.Dropout(config.dropout)(x)
    return x


@_preset
def resnet(x, config: TrainingConfig):
    """Residual stages of 32, 64 and 128 channels at 14, 7 and 4 pixels (He et al. 2015, figure 2)."""
    x = _convolution(x, 32, 3, "same", pool=True)
    for filters, stride in ((32, 1), (64, 2), (128, 2)):
        shortcut = x
        if stride > 1:
            shortcut = layers.Conv2D(filters, 1, strides=stride, use_bias=False)(x)
            shortcut = layers.BatchNormalization(momentum=_MOMENTUM)(shortcut)
        x = _convolution(x, filters, 3, "same", stride=stride)
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=_MOMENTUM)(x)
        x = layers.ReLU()(layers.Add()([x, shortcut]))
    return layers.Dropout(config.dropout)(layers.GlobalAveragePooling2D()(x))


@_preset
def mobilenet(x, config: TrainingConfig):
    """Depthwise separable convolutions (Howard et al. 2017, table 1), scaled down to 28 pixels."""
    x = _convolution(x, 32, 3, "same", pool=True)
    for filters, stride in ((64, 1), (128, 2), (128, 1), (256, 2)):
        x = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=_MOMENTUM)(x))
        x = _convolution(x, filters, 1, "same")
    return layers.Dropout(config.dropout)(layers.GlobalAveragePooling2D()(x))


def _convolution(x, filters: int, size: int, padding: str, *, pool: bool = False, stride: int = 1):
    """Convolution, optional max pooling, batch normalisation, ReLU.

    Pooling first gives the same result (batch normalisation's scale being positive) with a quarter
    of the work where it costs most.
    """
    x = layers.Conv2D(filters, size, strides=stride, padding=padding, use_bias=False)(x)
    if pool:
        x = layers.MaxPooling2D()(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=_MOMENTUM)(x))


def _dense(x, units: int):
    x = layers.Dense(units, use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=_MOMENTUM)(x))
