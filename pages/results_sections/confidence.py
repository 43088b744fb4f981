"""How well a run's confidence is calibrated, and what rejecting below a threshold brings."""

from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from digit_core.evaluation import metrics
from digit_core.runs.run import Run
from pages.components import charts
from pages.components.cached import predictions_of
from pages.components.glossary import definition
from pages.components.percentages import percent
from pages.components.percentages import points as in_points

_THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
_POINTS = 150  # of a curve on the screen; more cannot be seen
_MOST_REJECTED = 0.5  # of the images; a model that rejects more is of no use


@dataclass(frozen=True)
class _Confidence:
    before: metrics.Reliability
    after: metrics.Reliability
    losses: tuple[float, float]
    risk_coverage: metrics.RiskCoverage


def show_confidence(run: Run) -> None:
    """A reliability diagram, and accuracy by the share of images rejected."""
    found = _confidence(run)
    _show_reliability(run, found)
    st.divider()
    _show_rejection(run, found.risk_coverage)


def _show_reliability(run: Run, found: _Confidence) -> None:
    left, right = st.columns(2)
    left.metric(
        "Calibration error, uncalibrated",
        percent(found.before.error),
        help=f"{definition('calibration')} The expected calibration error is the mean distance between confidence and "
        "accuracy, in 15 equal bins.",
    )
    right.metric(
        "Calibrated",
        percent(found.after.error),
        in_points(found.after.error - found.before.error).replace("−", "-"),  # as `st.metric` wants it
        delta_color="inverse",
        help=f"{definition('confidence')} Here at the temperature fitted on validation images like drawings. "
        "The test images were not used for it.",
    )
    charts.show(_reliability(run), f"{run.name}-reliability")


@charts.once
def _reliability(run: Run) -> charts.Figure:
    found, temperature = _confidence(run), run.calibration.temperature
    kinds = ["uncalibrated", f"at temperature {temperature:.2f}"]
    table = pd.concat([_bins(kinds[0], found.before), _bins(kinds[1], found.after)], ignore_index=True)
    colour, _ = charts.by_kind(kinds)
    base = alt.Chart(table).encode(
        x=alt.X("confidence:Q", **charts.shares("Mean confidence")),
        color=alt.Color("kind:N", title=None, scale=colour, legend=charts.legend(lines=False)),
    )
    accuracy = charts.shares("Accuracy")
    points = base.mark_point(filled=True, opacity=0.9).encode(
        y=alt.Y("accuracy:Q", **accuracy),
        shape=alt.Shape("kind:N", legend=None, scale=alt.Scale(domain=kinds)),
        size=alt.Size("images:Q", title="images", scale=alt.Scale(type="log", range=[30, 260]), legend=None),
        tooltip=["kind", "images"]
        + [alt.Tooltip(f"{name}:Q", format=".2%") for name in ("confidence", "accuracy", "low", "high")],
    )
    bars = base.mark_rule(strokeWidth=1.5, opacity=0.6).encode(y=alt.Y("low:Q", **accuracy), y2="high:Q")
    diagonal = alt.Chart(pd.DataFrame({"at": [0.0, 1.0]})).mark_line(color=charts.GREY, strokeDash=[4, 4])
    caption = (
        "Each point is a bin of confidence, larger with more images; bars are 95% intervals. The dashed line is "
        "perfect calibration; above it the model is underconfident. The calibration error is "
        f"{percent(found.before.error)} uncalibrated and {percent(found.after.error)} at temperature "
        f"{temperature:.2f}; the loss is {found.losses[0]:.4f} and {found.losses[1]:.4f}."
    )
    chart = diagonal.encode(x="at:Q", y=alt.Y("at:Q", **accuracy)) + bars + points
    return charts.figure(chart, "Reliability diagram", caption, table, height=320)


def _bins(kind: str, diagram: metrics.Reliability) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "kind": kind,
            "confidence": diagram.confidence,
            "accuracy": diagram.accuracy,
            "low": diagram.interval[:, 0],
            "high": diagram.interval[:, 1],
            "images": diagram.count,
        }
    )
    return table[table["images"] > 0]


def _show_rejection(run: Run, curve: metrics.RiskCoverage) -> None:
    threshold = st.select_slider(
        "Rejection threshold (confidence)",
        _THRESHOLDS,
        0.9,
        format_func=lambda value: f"{value:.2%}".replace(".00%", "%"),
        key=f"reject-{run.name}",
    )
    point = metrics.reject_below(curve, threshold)
    if point is None:
        st.markdown(f"Coverage **0%**: no image has a confidence of {threshold:.2%} or more.")
    else:
        low, high = curve.interval[point]
        st.markdown(
            f"Coverage **{percent(curve.coverage[point])}**, accuracy of these images "
            f"**{percent(curve.accuracy[point])}** (95% interval: {percent(low)} to {percent(high)})."
        )
    charts.show(_rejection(run, point), f"{run.name}-rejection")


@charts.once
def _rejection(run: Run, point: int | None) -> charts.Figure:
    """The curve up to its highest point, with this point marked: rejecting more brings nothing."""
    curve = _confidence(run).risk_coverage
    rejected = 1 - curve.coverage
    highest = curve.accuracy[rejected <= _MOST_REJECTED].max()
    farthest = rejected[curve.accuracy >= highest].min()
    farthest = float(min(max(np.ceil(farthest * 20) / 20, 0.05 if point is None else rejected[point], 0.05), 1.0))
    near = np.flatnonzero(rejected <= farthest)
    shown = near[np.unique(np.linspace(0, len(near) - 1, _POINTS).astype(int))]
    table = pd.DataFrame(
        {
            "rejected": rejected[shown],
            "accuracy": curve.accuracy[shown],
            "low": curve.interval[shown, 0],
            "high": curve.interval[shown, 1],
            "threshold": curve.threshold[shown],
        }
    )
    accuracy = charts.shares("Accuracy of the rest", float(np.floor(table["low"].min() * 200) / 200))
    x = alt.X("rejected:Q", **charts.shares("Rejected", 0.0, farthest))
    base = alt.Chart(table).encode(x=x)
    band = base.mark_area(color=charts.BLUE, opacity=0.2).encode(y=alt.Y("low:Q", **accuracy), y2="high:Q")
    line = base.mark_line(color=charts.BLUE).encode(
        y=alt.Y("accuracy:Q", **accuracy),
        tooltip=[alt.Tooltip(f"{name}:Q", format=".4f") for name in ("rejected", "accuracy", "threshold")],
    )
    layers, here = band + line, "At the threshold chosen above all images are rejected."
    if point is not None:
        here = "The orange point is the threshold chosen above."
        at = pd.DataFrame({"rejected": [rejected[point]], "accuracy": [curve.accuracy[point]]})
        mark = alt.Chart(at).mark_point(color=charts.ORANGE, filled=True, size=110)
        layers += mark.encode(x=x, y=alt.Y("accuracy:Q", **accuracy))
    twentieth = int(np.flatnonzero(rejected <= 0.05).max())
    caption = (
        "Accuracy of the images that are left when the least confident ones are rejected first, with its 95% interval: "
        f"{curve.accuracy[0]:.2%} with none rejected, {curve.accuracy[twentieth]:.2%} with 5% rejected. {here}"
    )
    return charts.figure(layers, "Accuracy by share rejected", caption, table)


@charts.once
def _confidence(run: Run) -> _Confidence:
    found = predictions_of(run)
    calibrated = metrics.tempered(found.probabilities, run.calibration.temperature)
    return _Confidence(
        before=metrics.reliability(found.probabilities, found.labels),
        after=metrics.reliability(calibrated, found.labels),
        losses=(metrics.log_loss(found.probabilities, found.labels), metrics.log_loss(calibrated, found.labels)),
        risk_coverage=metrics.risk_coverage(calibrated, found.labels),
    )
