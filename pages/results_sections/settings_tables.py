"""The configuration of a run and the environment it was trained in, by group and in words."""

from datetime import datetime

import pandas as pd
import streamlit as st

from digit_core.evaluation.settings import TITLES, value_in_words
from digit_core.runs.run import Run
from pages.components import charts
from pages.components.downloads import csv_button
from pages.components.reserved import reserved

_GROUPS = {
    "Data": ("data", "validation_fraction", "seed", "drawings", "drawings_digest"),
    "Architecture": ("preset", "filters", "kernel_sizes", "dense_units", "batch_normalization", "dropout"),
    "Optimisation": (
        "epochs", "batch_size", "optimizer", "learning_rate", "schedule", "beta_1", "beta_2", "weight_decay",
        "label_smoothing", "patience", "track_recall", "base_run", "steps_per_epoch",
        "teachers",
    ),
    "Augmentation": (
        "augmentation", "rotation", "scaling", "mild_epochs", "synthetic_digits", "synthetic_digit_share",
        "non_digits", "non_digit_share", "drawing_share",
    ),
}  # fmt: skip
_ENVIRONMENT = "Environment"
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
            with column, reserved(f"settings-{name.lower()}", _ROW * (len(groups[name]) + 1)):
                _show_group(groups[name])
    environment = run.environment
    st.markdown("##### Started with")
    st.code(environment.command, language=None, wrap_lines=True)
    raw = {**run.config.model_dump(), **{f"version of {k}": v for k, v in environment.versions.items()}}
    raw |= {"command": environment.command, "data digest": environment.data_digest}
    csv_button(pd.DataFrame(raw.items(), columns=["setting", "value"]), f"{run.name}-settings")


@charts.once
def _show_group(settings: dict[str, str]) -> None:
    st.table(pd.DataFrame(settings.items(), columns=["Setting", "Value"]).set_index("Setting"))


def grouped(run: Run) -> dict[str, dict[str, str]]:
    """Every setting of a run and its environment as text, by group and by its name in words."""
    config, environment = run.config, run.environment
    # None: what the preset's network does not let anybody choose.
    named = {name: value_in_words(config, name) for name in TITLES if getattr(config, name) is not None}
    groups = {
        group: {TITLES[name]: named.pop(name) for name in names if name in named} for group, names in _GROUPS.items()
    }
    dtype, used = config.compute_dtype, environment.compute_dtype
    named.pop("compute_dtype", None)
    groups[_ENVIRONMENT] = {
        "Trained": _time(environment.created),
        "Arithmetic": f"{used} (chosen by the processor)" if dtype == "auto" and used else dtype,
        **{_LIBRARIES.get(name, name): version for name, version in environment.versions.items()},
        "Data digest": f"{environment.data_digest[:16]}…",
    }
    if named:
        groups["Other"] = {TITLES[name]: words for name, words in named.items()}
    return groups


def _time(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds):%d %b %Y, %H:%M}"
    except (OverflowError, ValueError, OSError):  # in a record that was edited by hand
        return "unknown"
