"""The configuration of a run and the environment it was trained in, by group and in words."""

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.runs.presets import PRESETS
from digit_core.runs.run import Run
from pages.components.downloads import csv_button
from pages.components.percentages import percent
from pages.components.reserved import reserved

# What a setting is called; settings that are not here are shown under *Other*, in words made of their names.
_GROUPS: dict[str, dict[str, str]] = {
    "Data": {"data": "Data set", "validation_fraction": "Validation images", "seed": "Random seed"},
    "Architecture": {
        "preset": "Preset",
        "filters": "Filters",
        "kernel_sizes": "Kernel sizes",
        "dense_units": "Dense units",
        "batch_normalization": "Batch normalisation",
        "dropout": "Dropout",
    },
    "Optimisation": {
        "epochs": "Epochs, at most",
        "batch_size": "Batch size",
        "optimizer": "Optimiser",
        "learning_rate": "Learning rate",
        "schedule": "Learning-rate schedule",
        "beta_1": "Adam β₁",
        "beta_2": "Adam β₂",
        "weight_decay": "Weight decay",
        "label_smoothing": "Label smoothing",
        "early_stopping": "Early stopping",
        "patience": "Patience of early stopping, epochs",
        "track_recall": "Recall tracked by epoch",
    },
    "Augmentation": {
        "augmentation": "Distortions",
        "rotation": "Rotation, standard deviation",
        "scaling": "Scaling, standard deviation of the logarithm",
        "mild_epochs": "Last epochs with mild distortions",
        "synthetic_digits": "Synthetic digits",
        "synthetic_digit_share": "Synthetic digits in a batch",
        "non_digits": "Non-digits",
        "non_digit_share": "Non-digits in a batch",
    },
}
_ENVIRONMENT = "Environment"
_SHARES = {"validation_fraction", "synthetic_digit_share", "non_digit_share"}
_LIBRARIES = {
    "python": "Python",
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "numpy": "NumPy",
    "ai-edge-litert": "LiteRT",
}
_ROW = 33  # pixels, of a table


def show_settings(run: Run) -> None:
    """A small table for each group; the download has the raw names and values."""
    groups = grouped(run)
    names = list(groups)
    for column, part in zip(st.columns(2, gap="large"), (names[::2], names[1::2]), strict=True):
        for name in part:
            column.markdown(f"##### {name}")
            table = pd.DataFrame(groups[name].items(), columns=["Setting", "Value"]).set_index("Setting")
            with column, reserved(f"settings-{name.lower()}", _ROW * (len(table) + 1)):
                st.table(table)
    environment = run.environment
    st.markdown("##### Started with")
    st.code(environment.command, language=None, wrap_lines=True)
    raw = {**run.config.model_dump(), **{f"version of {k}": v for k, v in environment.versions.items()}}
    raw |= {"command": environment.command, "data digest": environment.data_digest}
    csv_button(pd.DataFrame(raw.items(), columns=["setting", "value"]), f"{run.name}-settings")


def grouped(run: Run) -> dict[str, dict[str, str]]:
    """Every setting of a run and its environment as text, by group and by its name in words."""
    # None: what the preset's network does not let anybody choose.
    settings = {name: value for name, value in run.config.model_dump().items() if value is not None}
    groups = {
        group: {title: _text(name, settings.pop(name)) for name, title in names.items() if name in settings}
        for group, names in _GROUPS.items()
    }
    environment = run.environment
    dtype = settings.pop("compute_dtype", "auto")
    used = environment.compute_dtype
    groups[_ENVIRONMENT] = {
        "Trained": _time(environment.created),
        "Arithmetic": f"{used} (chosen by the processor)" if dtype == "auto" and used else dtype,
        **{_LIBRARIES.get(name, name): version for name, version in environment.versions.items()},
        "Data digest": f"{environment.data_digest[:16]}…",
    }
    if settings:
        groups["Other"] = {name.replace("_", " ").capitalize(): _text(name, value) for name, value in settings.items()}
    return groups


def _time(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds):%d %b %Y, %H:%M}"
    except (OverflowError, ValueError, OSError):  # in a record that was edited by hand
        return "unknown"


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "data":
        return TITLES.get(value, value)
    if name == "preset":
        return PRESETS[value].title
    if name in _SHARES:
        return percent(value)
    if name == "rotation":
        return f"{value:g}°"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return (
        f"{value:,}"
        if isinstance(value, int) and name != "seed"
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )
