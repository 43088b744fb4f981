"""The figures of several runs, or of several seeds of the same training, a row each."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.evaluation.comparison import by_seed, spread
from digit_core.runs.presets import PRESETS
from digit_core.runs.run import Run

_SHARES = ("accuracy", "precision", "recall", "f1")
_NUMBER = st.column_config.NumberColumn
_COLUMNS = {
    "run": st.column_config.TextColumn("Run", pinned=True),
    "seeds": _NUMBER("Seeds"),
    "preset": "Preset",
    "data": "Data",
    "accuracy": _NUMBER("Test accuracy", format="%.2f%%"),
    "interval": st.column_config.TextColumn("95 % interval"),
    "published": st.column_config.TextColumn("Author's figure", help="What the author of this network published."),
    "loss": _NUMBER("Test loss", format="%.4f", help="Mean cross-entropy, before calibration."),
    "precision": _NUMBER("Precision", format="%.2f%%", help="Mean over the ten digits."),
    "recall": _NUMBER("Recall", format="%.2f%%", help="Mean over the ten digits."),
    "f1": _NUMBER("F1", format="%.2f%%", help="Mean over the ten digits."),
    "parameters": _NUMBER("Parameters", format="localized"),
    "size": _NUMBER("model.tflite", format="%.0f KB"),
    "seconds": _NUMBER("Training time", format="%.1f s", help="Fitting alone, on the machine it ran on."),
    "epochs": _NUMBER("Epochs"),
}


def show(runs: Sequence[Run], titles: dict[str, str], *, grouped: bool) -> None:
    """A table that sorts by a click on a column's head, and a button that takes it along."""
    groups = by_seed(runs) if grouped else [[run] for run in runs]
    table = pd.DataFrame([_row(group, titles) for group in groups])
    shown = table.assign(**{name: table[name] * 100 for name in _SHARES}, interval=_intervals(table))
    if not table["published"].any():
        shown = shown.drop(columns="published")
    if not grouped:
        shown = shown.drop(columns="seeds")
    st.dataframe(
        shown,
        hide_index=True,
        width="stretch",
        column_order=[name for name in _COLUMNS if name in shown],
        column_config=_COLUMNS,
        alt="Figures of the compared runs",
    )
    row = st.container(horizontal=True, vertical_alignment="center")
    row.download_button(
        "CSV",
        lambda: table.to_csv(index=False),
        file_name="compared-runs.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="compare_csv",
    )
    row.caption(_explanation(runs, groups, grouped=grouped), width="stretch")


def _row(group: Sequence[Run], titles: dict[str, str]) -> dict:
    """Plain numbers: shares from 0 to 1, kilobytes, seconds. Means, where there are several runs."""
    first, metrics = group[0], [run.metrics for run in group]
    preset = PRESETS[first.config.preset]
    accuracy = spread([each.accuracy for each in metrics])
    low, high = accuracy.interval or metrics[0].accuracy_interval
    means = {name: spread([getattr(each, name) for each in metrics]).mean for name in ("loss", *_SHARES[1:])}
    return {
        "run": titles[first.name] if len(group) == 1 else f"{preset.title}, {len(group)} seeds",
        "name": " ".join(run.name for run in group),
        "seeds": len(group),
        "preset": preset.title,
        "data": TITLES[first.config.data],
        "accuracy": accuracy.mean,
        "accuracy_low": low,
        "accuracy_high": high,
        "published": getattr(preset, "author_figure", ""),
        **means,
        "parameters": metrics[0].parameters,
        "size": sum(len(run.model_bytes()) for run in group) / len(group) / 1000,
        "seconds": spread([each.training_seconds for each in metrics]).mean,
        "epochs": spread([each.epochs for each in metrics]).mean,
    }


def _intervals(table: pd.DataFrame) -> list[str]:
    return [
        f"{low:.2%} to {high:.2%}"
        for low, high in zip(table["accuracy_low"], table["accuracy_high"].clip(upper=1), strict=True)
    ]


def _explanation(runs: Sequence[Run], groups: Sequence[Sequence[Run]], *, grouped: bool) -> str:
    usual = "The 95 % interval is Wilson's, of the share of test images"
    if not grouped:
        return f"{usual}: it says how far the accuracy on ever more such images may lie from the one measured here."
    left = len(runs) - sum(map(len, groups))
    doubled = f" {left} that only repeat a training with the same seed are left out." if left else ""
    if all(len(group) == 1 for group in groups):
        return f"No two of these runs differ in their seed alone, so there is nothing to group.{doubled} {usual}."
    return (
        "Rows of several seeds show means, and the 95 % interval of the mean by Student's t. "
        f"In rows of one run, the interval is Wilson's, of the share of test images.{doubled}"
    )
