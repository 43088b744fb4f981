"""The settings of a training in words, and those in which trainings differ."""

import re
from collections.abc import Sequence

from digit_core.datasets.sources import TITLES as DATA_TITLES
from digit_core.runs.config import TrainingConfig
from digit_core.runs.presets import PRESETS

NO_EARLY_STOPPING = 500  # epochs of patience: as many as a training can have
OPTIMIZERS = {"adam": "Adam", "sgd": "SGD with momentum", "rmsprop": "RMSprop"}
SCHEDULES = {"constant": "Constant", "triangular": "One cycle (triangular)", "cosine": "Cosine decay"}
AUGMENTATIONS = {"none": "None", "moderate": "Moderate", "drawings": "Strong, like drawings"}
TITLES = {
    "preset": "Preset",
    "data": "Data set",
    "seed": "Seed",
    "epochs": "Epochs",
    "batch_size": "Batch size",
    "learning_rate": "Learning rate",
    "schedule": "Learning-rate schedule",
    "optimizer": "Optimiser",
    "beta_1": "Momentum (β₁)",
    "beta_2": "Average of squares (β₂)",
    "weight_decay": "Weight decay",
    "label_smoothing": "Label smoothing",
    "dropout": "Dropout",
    "augmentation": "Augmentation",
    "rotation": "Rotation",
    "scaling": "Scaling",
    "mild_epochs": "Last epochs, mildly augmented",
    "synthetic_digits": "Synthetic digits",
    "synthetic_digit_share": "Synthetic digits per batch",
    "non_digits": "Non-digits",
    "non_digit_share": "Non-digits per batch",
    "filters": "Filters",
    "kernel_sizes": "Kernel sizes",
    "dense_units": "Dense units",
    "batch_normalization": "Batch normalisation",
    "track_recall": "Recall tracked",
    "base_run": "Fine-tuned from",
    "drawings": "Labelled drawings",
    "drawing_share": "Labelled drawings per batch",
    "drawings_digest": "Digest of the drawings",
    "steps_per_epoch": "Steps per epoch",
    "teachers": "Distilled from",
    "validation_fraction": "Validation images",
    "patience": "Early stopping",
    "compute_dtype": "Compute type",
}
_CHOICES = {
    "preset": {name: preset.title for name, preset in PRESETS.items()},
    "data": DATA_TITLES,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "augmentation": AUGMENTATIONS,
    "compute_dtype": {"auto": "Automatic"},
}
_SHARES = {"weight_decay", "label_smoothing", "dropout", "validation_fraction", "scaling"}
_SHARES |= {"synthetic_digit_share", "non_digit_share", "drawing_share"}
_NAMES = re.compile(rf"\b({'|'.join(sorted(TITLES, key=len, reverse=True))})\b")


def value_in_words(config: TrainingConfig, name: str) -> str:
    """The value of one setting as shown: "0.1%", "5°", "after 3 epochs without improvement"."""
    value = getattr(config, name)
    if name in _CHOICES:
        return _CHOICES[name].get(value, str(value))
    if name == "patience":
        if value >= min(config.epochs, NO_EARLY_STOPPING):
            return "off"
        return f"after {value} {'epoch' if value == 1 else 'epochs'} without improvement"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "steps_per_epoch" and not value:
        return "all images once"
    if value == "":
        return "–"
    if name in _SHARES:
        return f"{value * 100:.3g}%"
    if name == "rotation":
        return f"{value:g}°"
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def differing_settings(configs: Sequence[TrainingConfig]) -> dict[str, list[str]]:
    """The title of each setting in which the trainings differ, with each training's value in words."""
    rows = {}
    for name, title in TITLES.items():
        if len({getattr(config, name) for config in configs}) > 1:
            words = [value_in_words(config, name) for config in configs]
            if len(set(words)) > 1:  # a patience of 500 epochs and one of 40 may both mean none
                rows[title] = words
    return rows


def with_titles(sentence: str) -> str:
    """A sentence about settings by their names, such as an InvalidConfig's, with their titles."""
    return _NAMES.sub(lambda name: TITLES[name[1]] if name.start() == 0 else TITLES[name[1]].lower(), sentence)
