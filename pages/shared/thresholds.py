"""Whether a run's confidence can be believed, and what a threshold on it brings."""

from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from digit_core.records import statistics
from digit_core.records.runs import Run
from pages.shared import charts
from pages.shared.by_digit import changed
from pages.shared.download import csv_button

_CONFIDENCES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
_POINTS = 150  # of a curve on the screen; more cannot be seen


@dataclass(frozen=True)
class _Confidence:
    before: statistics.Reliability
    after: statistics.Reliability
    losses: tuple[float, float]
    refusal: statistics.Refusal


def show_confidence(run: Run) -> None:
    """Whether confidence can be believed, and what refusing the least sure readings brings."""
    found = _confidence(str(run.path), changed(run), run)
    _show_reliability(run, found)
    st.divider()
    _show_refusal(run, found.refusal)


def _show_reliability(run: Run, found: _Confidence) -> None:
    temperature = run.calibration.temperature
    kinds = ("as the network says", f"at temperature {temperature:.2f}")
    parts = []
    for kind, diagram in zip(kinds, (found.before, found.after), strict=True):
        part = pd.DataFrame(
            {
                "kind": kind,
                "confidence": diagram.confidence,
                "accuracy": diagram.accuracy,
                "low": diagram.interval[:, 0],
                "high": diagram.interval[:, 1],
                "images": diagram.count,
            }
        )
        parts.append(part[part["images"] > 0])
    table = pd.concat(parts, ignore_index=True)
    colour, _ = charts.by_kind(list(kinds))
    left, right = st.columns(2)
    left.metric(
        "Calibration error, uncalibrated",
        f"{found.before.error:.2%}",
        help="Expected calibration error in 15 equal bins: how far confidence is from accuracy, on average.",
    )
    right.metric(
        "Calibrated",
        f"{found.after.error:.2%}",
        f"{found.after.error - found.before.error:+.2%}",
        delta_color="inverse",
        help="At the temperature that was fitted on validation images like drawings; the test images had no say in it.",
    )
    base = alt.Chart(table).encode(
        x=alt.X("confidence:Q", **charts.share_axis("Mean confidence")),
        color=alt.Color("kind:N", title=None, scale=colour, legend=alt.Legend(orient="bottom")),
    )
    shape = alt.Shape("kind:N", title=None, legend=None)
    points = base.mark_point(filled=True, opacity=0.9).encode(
        y=alt.Y("accuracy:Q", **charts.share_axis("Read right")),
        shape=shape,
        size=alt.Size("images:Q", title="images", scale=alt.Scale(type="log", range=[30, 260]), legend=None),
        tooltip=[
            "kind",
            "images",
            alt.Tooltip("confidence:Q", format=".2%"),
            alt.Tooltip("accuracy:Q", title="read right", format=".2%"),
            alt.Tooltip("low:Q", title="from", format=".2%"),
            alt.Tooltip("high:Q", title="to", format=".2%"),
        ],
    )
    bars = base.mark_rule(strokeWidth=1.5, opacity=0.6).encode(y="low:Q", y2="high:Q")
    honest = (
        alt.Chart(pd.DataFrame({"at": [0.0, 1.0]}))
        .mark_line(color=charts.GREY, strokeDash=[4, 4])
        .encode(x="at:Q", y="at:Q")
    )
    words = (
        f"Each point is a bin of confidence, larger with more images; bars are 95 % intervals. On the dashed line "
        f"confidence is right; above it the model is better than it says. The calibration error is "
        f"{found.before.error:.2%} as the network says and {found.after.error:.2%} at temperature {temperature:.2f}; "
        f"the loss goes from {found.losses[0]:.4f} to {found.losses[1]:.4f}."
    )
    charts.show(honest + bars + points, f"{run.name}-reliability", "Confidence against accuracy", words, height=360)
    csv_button(table, f"{run.name}-reliability")


def _show_refusal(run: Run, curve: statistics.Refusal) -> None:
    threshold = st.select_slider(
        "Refuse everything less sure than",
        _CONFIDENCES,
        0.9,
        format_func=lambda value: f"{value:.2%}".replace(".00%", "%"),
        key=f"refuse-{run.name}",
    )
    point = statistics.refusing_below(curve, threshold)
    if point is None:
        st.markdown(f"Refusing everything less sure than **{threshold:.2%}** keeps nothing.")
    else:
        low, high = curve.interval[point]
        st.markdown(
            f"Refusing everything less sure than **{threshold:.2%}** keeps **{curve.kept[point]:.2%}** of images, "
            f"of which **{curve.accuracy[point]:.2%}** are right (95 % interval: {low:.2%} to {high:.2%})."
        )
    shown = np.unique(np.linspace(0, len(curve.kept) - 1, _POINTS).astype(int))
    table = pd.DataFrame(
        {
            "refused": 1 - curve.kept[shown],
            "accuracy": curve.accuracy[shown],
            "low": curve.interval[shown, 0],
            "high": curve.interval[shown, 1],
            "threshold": curve.threshold[shown],
        }
    )
    lowest = float(np.floor(table["low"][table["refused"] < 0.5].min() * 200) / 200)
    x = alt.X("refused:Q", **charts.share_axis("Refused"))
    band = alt.Chart(table).mark_area(color=charts.BLUE, opacity=0.2, clip=True).encode(x=x, y="low:Q", y2="high:Q")
    line = (
        alt.Chart(table)
        .mark_line(color=charts.BLUE, clip=True)
        .encode(
            x=x,
            y=alt.Y("accuracy:Q", **charts.share_axis("Right, of those kept", lowest)),
            tooltip=[
                alt.Tooltip("refused:Q", format=".2%"),
                alt.Tooltip("accuracy:Q", title="right", format=".2%"),
                alt.Tooltip("threshold:Q", title="less sure than", format=".4f"),
            ],
        )
    )
    layers = band + line
    if point is not None:
        here = pd.DataFrame({"refused": [1 - curve.kept[point]], "accuracy": [curve.accuracy[point]]})
        layers += (
            alt.Chart(here).mark_point(color=charts.ORANGE, filled=True, size=110).encode(x="refused:Q", y="accuracy:Q")
        )
    half = int(np.searchsorted(-curve.kept, -0.9))
    words = (
        f"What is right among the readings kept, when the least sure are refused first; the band is the 95 % interval. "
        f"All kept: {curve.accuracy[0]:.2%} right; a tenth refused: {curve.accuracy[half]:.2%}. "
        "The orange point is where the slider stands."
    )
    charts.show(layers, f"{run.name}-refusal", "Accuracy against the share refused", words, height=300)
    csv_button(table, f"{run.name}-refusal")


@st.cache_data(max_entries=8, show_spinner=False)
def _confidence(path: str, changed: tuple[int, ...], _run: Run) -> _Confidence:
    found = _run.predictions()
    calibrated = statistics.tempered(found.probabilities, _run.calibration.temperature)
    curve = statistics.refusal(calibrated, found.labels)
    return _Confidence(
        before=statistics.reliability(found.probabilities, found.labels),
        after=statistics.reliability(calibrated, found.labels),
        losses=(
            statistics.log_loss(found.probabilities, found.labels),
            statistics.log_loss(calibrated, found.labels),
        ),
        refusal=curve,
    )
