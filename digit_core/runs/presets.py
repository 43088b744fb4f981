"""The presets: named architectures with their default settings, as data that needs no Keras.

The function of the same name in `digit_core.training.architectures` builds the network.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A named architecture, and the settings in which it differs from the defaults of `TrainingConfig`.

    `author_figure` is what the author of the reference reports on MNIST's test set, as text.
    """

    name: str
    title: str
    description: str
    defaults: dict[str, Any] = field(default_factory=dict)
    author_figure: str = ""


# How a network is trained unless its preset says otherwise; the patience of 500 epochs means no early stopping.
_USUAL = {"batch_size": 128, "learning_rate": 0.002, "schedule": "cosine", "patience": 500}
_DISTORTED = {**_USUAL, "rotation": 5.0, "scaling": 0.05}
_REGULARIZED = {**_USUAL, "batch_size": 256, "learning_rate": 0.004, "beta_2": 0.99}
_REGULARIZED |= {"label_smoothing": 0.02, "dropout": 0.4}

_ALL = (
    Preset(
        "quick",
        "Quick",
        "Two convolutions, batch normalisation and one learning-rate cycle: 99.2% on MNIST "
        "after two epochs. Synthetic digits and non-digits are mixed in.",
        {
            **_USUAL,
            "epochs": 2,
            "batch_size": 512,
            "learning_rate": 0.015,
            "schedule": "triangular",
            "beta_1": 0.7,
            "beta_2": 0.9,
            "dropout": 0.0,
            "synthetic_digits": 6000,
            "synthetic_digit_share": 0.09,
            "non_digits": 4000,
            "non_digit_share": 0.06,
        },
    ),
    Preset(
        "robust",
        "Robust",
        "Five convolutions for what people draw: trained on strongly augmented MNIST, synthetic digits "
        "and non-digits. Takes about forty minutes.",
        {
            **_REGULARIZED,
            "epochs": 40,
            "weight_decay": 0.01,
            "augmentation": "drawings",
            "mild_epochs": 9,
            "synthetic_digits": 100_000,
            "synthetic_digit_share": 0.22,
            "non_digits": 60_000,
            "non_digit_share": 0.125,
        },
    ),
    Preset(
        "accurate",
        "Accurate",
        "Six convolutions trained on MNIST alone, augmented, and more mildly in the last epochs: "
        "the most accurate on MNIST's test images. For drawings Robust is better. Takes about twenty minutes.",
        {
            **_REGULARIZED,
            "epochs": 50,
            "weight_decay": 0.02,
            "augmentation": "moderate",
            "mild_epochs": 17,
            "validation_fraction": 1 / 30,
        },
        "99.83 % for a single network (arXiv 2001.09136)",
    ),
    Preset(
        "tiny",
        "Tiny",
        "Five narrow convolutions and global average pooling: 3,670 parameters.",
        {**_DISTORTED, "epochs": 15, "batch_size": 256, "learning_rate": 0.01, "beta_2": 0.99},
        "99.07 % with 4,862 parameters",
    ),
    Preset(
        "two_block",
        "Two blocks",
        "Conv 32, pool, conv 64, pool, dense 128, dropout 0.5; tracks accuracy and recall.",
        {**_USUAL, "epochs": 12, "dropout": 0.5, "track_recall": True},
        "accuracy 99.15 %, recall 99.11 %, loss 0.0262",
    ),
    Preset(
        "batch_norm",
        "Batch norm",
        "Three convolutions and two dense layers, each batch-normalised, with dropout: 424,000 "
        "parameters. Stops early when the validation loss stops improving.",
        {**_USUAL, "epochs": 10, "dropout": 0.3, "patience": 3},
        "99.07 %, validation loss 0.0356, F1 of class 1 = 1.00",
    ),
    Preset(
        "lenet5",
        "LeNet-5",
        "The network of LeCun, Bottou, Bengio and Haffner (1998), trained, as theirs was, with distorted images.",
        {**_DISTORTED, "epochs": 15},
        "about 99.0 %",
    ),
    Preset(
        "classic",
        "Classic",
        "Conv 32, pool, conv 64, pool, conv 64, dense 64: the network of many tutorials.",
        {**_USUAL, "epochs": 12, "learning_rate": 0.001},
        "about 99.0 %, loss below 0.05; in training 99.5 % and below 0.02",
    ),
    Preset(
        "custom",
        "Custom",
        "Convolutions of your choice, each followed by pooling, then dense layers.",
        {
            **_DISTORTED,
            "epochs": 12,
            "dropout": 0.3,
            "filters": (32, 64),
            "kernel_sizes": (3, 3),
            "dense_units": (128,),
            "batch_normalization": True,
        },
        "accuracy, precision, recall, F1 and precision-recall curves, without figures",
    ),
    Preset(
        "resnet",
        "ResNet",
        "A small residual network (He et al. 2015): three stages of two convolutions with a shortcut.",
        {**_USUAL, "epochs": 10, "weight_decay": 0.01},
        "named as future work",
    ),
    Preset(
        "mobilenet",
        "MobileNet",
        "A small network of depthwise separable convolutions (Howard et al. 2017).",
        {**_USUAL, "epochs": 8, "learning_rate": 0.004, "weight_decay": 0.01},
        "named as future work",
    ),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ALL}
DEFAULT_PRESET = "quick"
