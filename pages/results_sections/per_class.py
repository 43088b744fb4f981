"""Metrics of a run for each digit, with their intervals, and precision-recall curves."""

from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from digit_core.evaluation import metrics
from digit_core.inference.probabilities import N_DIGITS
from digit_core.runs.run import Run
from pages.components import charts
from pages.components.cached import predictions_of
from pages.components.downloads import csv_button
from pages.components.reserved import reserved, table_height

_POINTS = 150  # of a curve on the screen; more cannot be seen


@dataclass(frozen=True)
class _PerClass:
    figures: metrics.ByClass
    curves: pd.DataFrame
    average: dict[int, float]


def show_per_class(run: Run) -> None:
    """A table with intervals, and precision-recall curves."""
    with reserved("per-class-table", table_height(N_DIGITS)):
        table = _show_table(run)
    st.caption(
        "Intervals: Wilson's for precision and recall, the bootstrap's of 2,000 resamples for F1. AP is the average "
        "precision, the area under the curve below."
    )
    csv_button(table, f"{run.name}-by-digit")
    charts.show(_precision_recall(run), f"{run.name}-precision-recall")


@charts.once
def _show_table(run: Run) -> pd.DataFrame:
    """Show the table; returns it as it is downloaded."""
    found = _per_class(run)
    table = pd.DataFrame({"digit": range(N_DIGITS), "images": found.figures.support})
    shown, columns = table.copy(), {"digit": "Digit", "images": "Images"}
    for name, title in (("precision", "Precision"), ("recall", "Recall"), ("f1", "F1")):
        low, high = getattr(found.figures, f"{name}_interval").T
        table[name] = getattr(found.figures, name)
        shown[name] = 100 * table[name]
        table[f"{name}_low"], table[f"{name}_high"] = low, high
        shown[f"{name}_interval"] = [f"{a:.2%} to {b:.2%}" for a, b in zip(low, high, strict=True)]
        columns[name] = st.column_config.NumberColumn(title, format="%.2f%%")
        columns[f"{name}_interval"] = "95% interval"
    shown["average_precision"] = table["average_precision"] = table["digit"].map(found.average)
    columns["average_precision"] = st.column_config.NumberColumn("AP", format="%.5f", help="Average precision")
    st.dataframe(
        shown,
        hide_index=True,
        width="stretch",
        height="content",
        column_config=columns,
        alt="Precision, recall and F1 of each digit on the test images, with 95% intervals.",
    )
    return table


@charts.once
def _precision_recall(run: Run) -> charts.Figure:
    found = _per_class(run)
    # The axes begin where the corners of all curves are in sight.
    worst_f1 = min(found.figures.f1[digit] for digit in found.average)
    lowest = max(float(np.floor((1 - 4 * (1 - worst_f1)) * 100) / 100), 0.0)
    names = {digit: f"{digit} (AP {average:.4f})" for digit, average in found.average.items()}
    colour, dashes = charts.by_kind(list(names.values()))
    legend = alt.Legend(title="Digit: click for one", orient="bottom", columns=2, symbolOpacity=1)
    clicked = alt.selection_point(fields=["line"], bind="legend", name="clicked")
    under_mouse = alt.selection_point(fields=["line"], on="pointerover", nearest=False, name="under_mouse")
    base = alt.Chart(found.curves.assign(line=found.curves["digit"].map(names))).encode(
        x=alt.X("recall:Q", **charts.shares("Recall", lowest)),
        y=alt.Y("precision:Q", **charts.shares("Precision", lowest)),
        order="order:Q",
        detail="line:N",
    )
    # Steps to the left: between two thresholds precision is that of the higher recall.
    lines = base.mark_line(interpolate="step-before", strokeWidth=2, clip=True).encode(
        color=alt.Color("line:N", scale=colour, legend=legend),
        strokeDash=alt.StrokeDash("line:N", scale=dashes, legend=None),
        opacity=alt.when(clicked & under_mouse).then(alt.value(1)).otherwise(alt.value(0.12)),
        tooltip=["digit:O", *(alt.Tooltip(f"{x}:Q", format=".4f") for x in ("recall", "precision", "threshold"))],
    )
    # A line is hard to hit with the mouse: an invisible, broader one is easier.
    broad = base.mark_line(interpolate="step-before", strokeWidth=14, opacity=0, clip=True).add_params(under_mouse)
    mean, worst = np.mean(list(found.average.values())), min(found.average, key=found.average.get)
    return charts.figure(
        broad + lines.add_params(clicked),
        "Precision-recall curves",
        f"One line for each digit against all others. Mean average precision {mean:.4f}; lowest for {worst}, "
        f"{found.average[worst]:.4f}. The axes begin at {lowest:.0%}.",
        found.curves,
        height=360,
        more=90,
    )


@charts.once
def _per_class(run: Run) -> _PerClass:
    found = predictions_of(run)
    curves = {
        digit: metrics.precision_recall(found.probabilities[:, digit], found.labels == digit)
        for digit in range(N_DIGITS)
        if (found.labels == digit).any()
    }
    return _PerClass(
        figures=metrics.by_class(metrics.confusion_matrix(found.predicted, found.labels)),
        curves=pd.concat([_visible_points(digit, curve) for digit, curve in curves.items()], ignore_index=True),
        average={digit: curve.average for digit, curve in curves.items()},
    )


def _visible_points(digit: int, curve: metrics.PrecisionRecall) -> pd.DataFrame:
    """The corners of a curve up to a recall of 1, or as many of them as a screen can show."""
    complete = int(np.flatnonzero(curve.recall == 1).max())  # beyond it precision only falls
    recall, precision = curve.recall[complete:][::-1], curve.precision[complete:][::-1]
    threshold = np.append(curve.thresholds[complete:], np.nan)[::-1]
    corner = np.flatnonzero(np.diff(precision, append=-1) != 0)
    shown = np.unique(np.append(corner, [0, len(recall) - 1]))
    if len(shown) > _POINTS:
        shown = shown[np.unique(np.linspace(0, len(shown) - 1, _POINTS).astype(int))]
    return pd.DataFrame(
        {
            "digit": digit,
            "recall": recall[shown],
            "precision": precision[shown],
            "threshold": threshold[shown],
            "order": np.arange(len(shown)),
        }
    )
