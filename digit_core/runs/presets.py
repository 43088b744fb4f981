"""The named architectures with their default settings; `digit_core.training.architectures` builds the networks."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A named architecture with the settings that differ from `TrainingConfig`'s defaults.

    `author_figure` is the result that the author of the reference reports for MNIST's test set.
    """

    name: str
    title: str
    description: str
    defaults: dict[str, Any] = field(default_factory=dict)
    author_figure: str = ""


# How the reference networks are trained, except where they say otherwise.
_USUAL = {"batch_size": 128, "learning_rate": 0.002, "schedule": "cosine", "patience": 500}
_REGULARIZED = {
    **_USUAL,
    "batch_size": 256,
    "learning_rate": 0.004,
    "beta_2": 0.99,
    "label_smoothing": 0.02,
    "dropout": 0.4,
}

_PRESETS = (
    Preset(
        "quick",
        "Quick",
        "Two convolutions, batch normalisation and one learning-rate cycle: 99.2 % on MNIST "
        "after two epochs. Trained with synthetic digits and non-digits too.",
        {
            "epochs": 2,
            "batch_size": 512,
            "learning_rate": 0.015,
            "schedule": "triangular",
            "patience": 500,  # a cycle is best at its end
            "beta_1": 0.7,
            "beta_2": 0.9,
            "synthetic_digits": 6000,
            "synthetic_digit_share": 0.09,
            "non_digits": 4000,
            "non_digit_share": 0.06,
        },
    ),
    Preset(
        "robust",
        "Robust",
        "Five convolutions, trained for drawings: augmented MNIST, synthetic digits and non-digits. "
        "Takes about half an hour.",
        {
            **_REGULARIZED,
            "epochs": 36,
            "weight_decay": 0.01,
            "augmentation": "drawings",
            "mild_epochs": 8,
            "synthetic_digits": 60_000,
            "synthetic_digit_share": 0.19,
            "non_digits": 60_000,
            "non_digit_share": 0.125,
        },
    ),
    Preset(
        "accurate",
        "Accurate",
        "Six convolutions, trained on augmented MNIST alone: the most accurate on MNIST's test images. "
        "Robust is better for drawings. Takes about twenty minutes.",
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
        {
            **_USUAL,
            "epochs": 15,
            "batch_size": 256,
            "learning_rate": 0.01,
            "beta_2": 0.99,
            "rotation": 5.0,
            "scaling": 0.05,
        },
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
        "parameters. Stops when the validation loss no longer improves.",
        {**_USUAL, "epochs": 10, "dropout": 0.3, "patience": 3},
        "99.07 %, validation loss 0.0356, F1 of class 1 = 1.00",
    ),
    Preset(
        "lenet5",
        "LeNet-5",
        "The network of LeCun, Bottou, Bengio and Haffner (1998), trained on distorted images as theirs was.",
        {**_USUAL, "epochs": 15, "rotation": 5.0, "scaling": 0.05},
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
            **_USUAL,
            "epochs": 12,
            "dropout": 0.3,
            "filters": (32, 64),
            "kernel_sizes": (3, 3),
            "dense_units": (128,),
            "batch_normalization": True,
            "rotation": 5.0,
            "scaling": 0.05,
        },
        "accuracy, precision, recall, F1 and precision-recall curves, without figures",
    ),
    Preset(
        "resnet",
        "ResNet",
        "A small residual network (He et al. 2015): three stages of two convolutions with skip connections.",
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

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _PRESETS}
DEFAULT_PRESET = "quick"
