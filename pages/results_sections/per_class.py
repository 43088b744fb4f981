"""Figures of a run by digit, with their intervals: computed once for each run, when somebody looks."""

from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from digit_core.evaluation import metrics
from digit_core.inference.probabilities import N_DIGITS
from digit_core.runs.run import Run
from pages.components import charts
from pages.components.downloads import csv_button

_POINTS = 150  # of a curve on the screen; more cannot be seen


@dataclass(frozen=True)
class _ByDigit:
    figures: metrics.ByClass
    curves: pd.DataFrame
    average: dict[int, float]


def show_by_digit(run: Run) -> None:
    """A table with intervals, and precision-recall curves."""
    found = _by_digit(str(run.path), changed(run), run)
    figures = found.figures
    numbers = pd.DataFrame({"digit": range(N_DIGITS), "images": figures.support})
    shown, titles = numbers.copy(), {"digit": "Digit", "images": "Images"}
    for name, title in (("precision", "Precision"), ("recall", "Recall"), ("f1", "F1")):
        low, high = getattr(figures, f"{name}_interval").T
        shown[name] = numbers[name] = getattr(figures, name)
        numbers[f"{name}_low"], numbers[f"{name}_high"] = low, high
        shown[f"{name}_interval"] = [f"{a:.4f} to {b:.4f}" for a, b in zip(low, high, strict=True)]
        titles[f"{name}_interval"] = "95 % interval"
        titles[name] = st.column_config.NumberColumn(title, format="%.4f")
    shown["average_precision"] = numbers["average_precision"] = [found.average.get(d) for d in numbers["digit"]]
    titles["average_precision"] = st.column_config.NumberColumn("AP", format="%.5f", help="Average precision")
    st.dataframe(
        shown,
        hide_index=True,
        width="stretch",
        height="content",
        column_config=titles,
        alt="Precision, recall and F1 of each digit on the test images, with 95 % intervals.",
    )
    st.caption(
        "The intervals are Wilson's for precision and recall, and for F1 what 2,000 test sets drawn anew from this one "
        "give (bootstrap). AP is the average precision: the area under the curve below."
    )
    csv_button(numbers, f"{run.name}-by-digit")
    _show_precision_recall(run, found)


def changed(run: Run) -> tuple[int, ...]:
    """What changes when the run's predictions or its calibration do."""
    paths = (run.path / name for name in ("predictions.npz", "calibration.json"))
    return tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in paths)


def _show_precision_recall(run: Run, found: _ByDigit) -> None:
    # The part of the unit square that the corners of the curves are in.
    worst_f1 = min(found.figures.f1[digit] for digit in found.average)
    lowest = max(float(np.floor((1 - 4 * (1 - worst_f1)) * 100) / 100), 0.0)
    domain = [f"{digit} (AP {average:.4f})" for digit, average in found.average.items()]
    names = dict(zip(found.average, domain, strict=True))
    curves = found.curves.assign(line=found.curves["digit"].map(names))
    colour, dashes = charts.by_kind(domain)
    legend = alt.Legend(title="Digit: click for one", orient="bottom", columns=2, symbolOpacity=1)
    clicked = alt.selection_point(fields=["line"], bind="legend", name="clicked")
    under_mouse = alt.selection_point(fields=["line"], on="pointerover", nearest=False, name="under_mouse")
    chosen = alt.when(clicked & under_mouse).then(alt.value(1)).otherwise(alt.value(0.12))
    # Steps to the left: between two thresholds precision is that of the higher recall.
    base = alt.Chart(curves).encode(
        x=alt.X("recall:Q", **charts.shares("Recall", lowest)),
        y=alt.Y("precision:Q", **charts.shares("Precision", lowest)),
        order="order:Q",
        detail="line:N",
    )
    lines = base.mark_line(interpolate="step-before", strokeWidth=2, clip=True).encode(
        color=alt.Color("line:N", scale=colour, legend=legend),
        strokeDash=alt.StrokeDash("line:N", scale=dashes, legend=None),
        opacity=chosen,
        tooltip=[
            alt.Tooltip("digit:O", title="digit"),
            alt.Tooltip("recall:Q", format=".2%"),
            alt.Tooltip("precision:Q", format=".2%"),
            alt.Tooltip("threshold:Q", title="at probability", format=".4f"),
        ],
    )
    # A line is thin to hit: what the mouse is over is a broad one that nobody sees.
    broad = base.mark_line(interpolate="step-before", strokeWidth=14, opacity=0, clip=True).add_params(under_mouse)
    mean = np.mean(list(found.average.values()))
    worst = min(found.average, key=found.average.get)
    charts.show(
        (broad + lines.add_params(clicked)),
        f"{run.name}-precision-recall",
        "Precision and recall of each digit",
        f"One line a digit, against all others, from its surest readings at the left until every one is found. "
        f"Mean average precision {mean:.4f}; lowest for {worst}, {found.average[worst]:.4f}. "
        f"The axes begin at {lowest:.0%}.",
        found.curves,
        height=500,
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _by_digit(path: str, changed: tuple[int, ...], _run: Run) -> _ByDigit:
    found = _run.predictions()
    parts, average = [], {}
    for digit in range(N_DIGITS):
        truth = found.labels == digit
        if not truth.any():
            continue
        curve = metrics.precision_recall(found.probabilities[:, digit], truth)
        average[digit] = curve.average
        parts.append(_on_screen(digit, curve))
    return _ByDigit(
        figures=metrics.by_class(metrics.confusion_matrix(found.predicted, found.labels)),
        curves=pd.concat(parts, ignore_index=True),
        average=average,
    )


def _on_screen(digit: int, curve: metrics.PrecisionRecall) -> pd.DataFrame:
    """As much of a curve as a screen can show, from the surest readings until every one is found."""
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
