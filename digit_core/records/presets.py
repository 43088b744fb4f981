"""The named architectures with their default settings, as data that needs no Keras.

How each network is built stands in `digit_core.learning.architectures`, under the same name.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A named architecture: what it is, and the settings it differs in from the common defaults."""

    name: str
    title: str
    description: str
    defaults: dict[str, Any] = field(default_factory=dict)


_ALL = (
    Preset(
        "quick",
        "Quick",
        "Two small convolutions, batch normalisation and one learning-rate cycle: 99 % on MNIST "
        "after one pass. Generated digits and counter-examples are mixed in.",
        {
            "epochs": 1,
            "batch_size": 256,
            "learning_rate": 0.01,
            "schedule": "triangular",
            "patience": 500,  # a cycle is at its best when it ends
            "beta_1": 0.7,
            "beta_2": 0.9,
            "dropout": 0.0,
            "written": 6000,
            "written_share": 0.09,
            "counterexamples": 4000,
            "counterexample_share": 0.06,
        },
    ),
    Preset(
        "robust",
        "Robust",
        "Five convolutions that have seen how people write: MNIST bent in every batch, generated "
        "pen strokes, and counter-examples. Takes about half an hour.",
        {
            "epochs": 36,
            "batch_size": 256,
            "learning_rate": 0.004,
            "schedule": "cosine",
            "patience": 500,
            "beta_2": 0.99,
            "weight_decay": 0.01,
            "label_smoothing": 0.02,
            "dropout": 0.4,
            "augmentation": "drawings",
            "gentle_epochs": 8,
            "written": 60_000,
            "written_share": 0.19,
            "counterexamples": 60_000,
            "counterexample_share": 0.125,
        },
    ),
    Preset(
        "two_block",
        "Two blocks",
        "Conv 32, pool, conv 64, pool, dense 128, dropout 0.5.",
        {"epochs": 10, "batch_size": 128, "learning_rate": 0.001, "dropout": 0.5},
    ),
    Preset(
        "lenet5",
        "LeNet-5",
        "The network of LeCun, Bottou, Bengio and Haffner (1998), trained from scratch.",
        {
            "epochs": 15,
            "batch_size": 128,
            "learning_rate": 0.002,
            "schedule": "cosine",
            "patience": 500,
            "dropout": 0.0,
        },
    ),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ALL}
DEFAULT_PRESET = "quick"
