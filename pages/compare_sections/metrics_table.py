"""The metrics of several runs, or of several seeds of the same training, a row each."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.evaluation.comparison import by_seed, data_of, spread
from digit_core.runs.presets import PRESETS
from digit_core.runs.run import Run
from pages.components import charts
from pages.components.downloads import csv_button
from pages.components.reserved import reserved, table_height
from pages.components.titles import duration

_SHARES = ("accuracy", "precision", "recall", "f1")
_NUMBER = st.column_config.NumberColumn
_COLUMNS = {
    "run": st.column_config.TextColumn("Run", width=150),
    "seeds": _NUMBER("Seeds", width=70),
    "accuracy": _NUMBER("Test accuracy", format="%.2f%%", width=110),
    "difference": _NUMBER(
        "To the best",
        format="%+.2f points",
        width=110,
        help="Less the highest test accuracy, in percentage points.",
    ),
    "interval": st.column_config.TextColumn("95% interval", width=150),
    "loss": _NUMBER("Test loss", format="%.4f", width=90, help="Mean cross-entropy, before calibration."),
    "seconds": _NUMBER("Training time", width=110, help="Of the epochs alone, on the machine used."),
    "epochs": _NUMBER("Epochs", width=80),
    "parameters": _NUMBER("Parameters", format="localized", width=100),
    "size": _NUMBER("model.tflite", format="%.0f KB", width=100),
    "precision": _NUMBER("Precision", format="%.2f%%", width=90, help="Mean over the ten digits."),
    "recall": _NUMBER("Recall", format="%.2f%%", width=90, help="Mean over the ten digits."),
    "f1": _NUMBER("F1", format="%.2f%%", width=90, help="Mean over the ten digits."),
    "preset": "Preset",
    "data": "Data",
    "published": st.column_config.TextColumn("Published", help="What the author of this network published."),
}


def show(runs: Sequence[Run], titles: dict[str, str], *, grouped: bool) -> None:
    """The table, which can be downloaded, and what its intervals mean."""
    groups = _groups(runs, grouped=grouped)
    with reserved("compare_metrics", table_height(len(groups))):
        table = _show_table(list(runs), titles, grouped=grouped)
    with st.container(horizontal=True, vertical_alignment="center"):
        csv_button(table, "compared-runs")
        st.caption(_explanation(runs, groups, grouped=grouped), width="stretch")


def _groups(runs: Sequence[Run], *, grouped: bool) -> list[list[Run]]:
    return by_seed(runs) if grouped else [[run] for run in runs]


@charts.once
def _show_table(runs: list[Run], titles: dict[str, str], *, grouped: bool) -> pd.DataFrame:
    """Show the table; returns it as it is downloaded."""
    groups = _groups(runs, grouped=grouped)
    table = pd.DataFrame([_row(group, titles) for group in groups])
    intervals = zip(table["accuracy_low"], table["accuracy_high"].clip(upper=1), strict=True)
    shown = table.assign(
        **{name: table[name] * 100 for name in _SHARES},
        interval=[f"{low:.2%} to {high:.2%}" for low, high in intervals],
    )
    if len(groups) > 1 and len(data_of(runs)) == 1:  # on different images there is no best one
        shown["difference"] = shown["accuracy"] - shown["accuracy"].max()
    if not table["published"].any():
        shown = shown.drop(columns="published")
    if not grouped:
        shown = shown.drop(columns="seeds")
    st.dataframe(
        shown.style.format({"seconds": duration, "epochs": "{:.3g}"}),
        hide_index=True,
        width="stretch",
        column_order=[name for name in _COLUMNS if name in shown],
        column_config=_COLUMNS,
        alt="Metrics of the compared runs",
    )
    return table


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


def _explanation(runs: Sequence[Run], groups: Sequence[Sequence[Run]], *, grouped: bool) -> str:
    if not grouped:
        return "The 95% interval is Wilson's, for the accuracy on all images of this kind."
    repeated = len(runs) - sum(map(len, groups))
    skipped = f" {repeated} that only repeat a training with the same seed are not shown." if repeated else ""
    if all(len(group) == 1 for group in groups):
        return f"No two of these runs differ only in their seed, so there is nothing to group.{skipped}"
    return (
        "Rows of several seeds show means, and the 95% interval of the mean by Student's t. The interval of a single "
        f"run is Wilson's, for the share of test images.{skipped}"
    )
