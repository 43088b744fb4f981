"""Whether a run's confidence can be believed, and what a threshold on it brings."""

from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from digit_core.evaluation import metrics
from digit_core.runs.run import Run
from pages.components import charts
from pages.results_sections.per_class import changed

_CONFIDENCES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
_POINTS = 150  # of a curve on the screen; more cannot be seen
_MOST_REFUSED = 0.5  # of the images: with less than half of them left nobody uses a reader


@dataclass(frozen=True)
class _Confidence:
    before: metrics.Reliability
    after: metrics.Reliability
    losses: tuple[float, float]
    risk_coverage: metrics.RiskCoverage


def show_confidence(run: Run) -> None:
    """Whether confidence can be believed, and what refusing the least sure readings brings."""
    found = _confidence(str(run.path), changed(run), run)
    _show_reliability(run, found)
    st.divider()
    _show_refusal(run, found.risk_coverage)


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
        x=alt.X("confidence:Q", **charts.shares("Mean confidence")),
        color=alt.Color("kind:N", title=None, scale=colour, legend=charts.legend(lines=False)),
    )

    def y(field: str) -> alt.Y:
        return alt.Y(field, **charts.shares("Read right"))

    shape = alt.Shape("kind:N", title=None, legend=None)
    points = base.mark_point(filled=True, opacity=0.9).encode(
        y=y("accuracy:Q"),
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
    bars = base.mark_rule(strokeWidth=1.5, opacity=0.6).encode(y=y("low:Q"), y2="high:Q")
    honest = (
        alt.Chart(pd.DataFrame({"at": [0.0, 1.0]}))
        .mark_line(color=charts.GREY, strokeDash=[4, 4])
        .encode(x="at:Q", y=y("at:Q"))
    )
    words = (
        f"Each point is a bin of confidence, larger with more images; bars are 95 % intervals. On the dashed line "
        f"confidence is right; above it the model is better than it says. The calibration error is "
        f"{found.before.error:.2%} as the network says and {found.after.error:.2%} at temperature {temperature:.2f}; "
        f"the loss goes from {found.losses[0]:.4f} to {found.losses[1]:.4f}."
    )
    name = f"{run.name}-reliability"
    charts.show(honest + bars + points, name, "Confidence against accuracy", words, table, height=400)


def _show_refusal(run: Run, curve: metrics.RiskCoverage) -> None:
    threshold = st.select_slider(
        "Refuse everything less sure than",
        _CONFIDENCES,
        0.9,
        format_func=lambda value: f"{value:.2%}".replace(".00%", "%"),
        key=f"refuse-{run.name}",
    )
    point = metrics.reject_below(curve, threshold)
    if point is None:
        st.markdown(f"Refusing everything less sure than **{threshold:.2%}** keeps nothing.")
    else:
        low, high = curve.interval[point]
        st.markdown(
            f"Refusing everything less sure than **{threshold:.2%}** keeps **{curve.coverage[point]:.2%}** of images, "
            f"of which **{curve.accuracy[point]:.2%}** are right (95 % interval: {low:.2%} to {high:.2%})."
        )
    _show_refusal_curve(run, curve, point)


def _show_refusal_curve(run: Run, curve: metrics.RiskCoverage, point: int | None) -> None:
    """The curve as far as it rises: beyond, refusing more brings nothing."""
    refused = 1 - curve.coverage
    rises = refused[curve.accuracy >= curve.accuracy[refused <= _MOST_REFUSED].max()].min()
    farthest = min(max(np.ceil(rises * 20) / 20, 0.05 if point is None else refused[point], 0.05), 1.0)
    near = np.flatnonzero(refused <= farthest)
    shown = near[np.unique(np.linspace(0, len(near) - 1, _POINTS).astype(int))]
    table = pd.DataFrame(
        {
            "refused": refused[shown],
            "accuracy": curve.accuracy[shown],
            "low": curve.interval[shown, 0],
            "high": curve.interval[shown, 1],
            "threshold": curve.threshold[shown],
        }
    )
    lowest = float(np.floor(table["low"].min() * 200) / 200)

    def y(field: str) -> alt.Y:
        return alt.Y(field, **charts.shares("Right, of those kept", lowest))

    x = alt.X("refused:Q", **charts.shares("Refused", 0.0, float(farthest)))
    band = alt.Chart(table).mark_area(color=charts.BLUE, opacity=0.2).encode(x=x, y=y("low:Q"), y2="high:Q")
    tooltip = [
        alt.Tooltip("refused:Q", format=".2%"),
        alt.Tooltip("accuracy:Q", title="right", format=".2%"),
        alt.Tooltip("threshold:Q", title="less sure than", format=".4f"),
    ]
    line = alt.Chart(table).mark_line(color=charts.BLUE).encode(x=x, y=y("accuracy:Q"), tooltip=tooltip)
    layers = band + line
    here = "The slider refuses everything."
    if point is not None:
        here = "The orange point is where the slider stands."
        at = pd.DataFrame({"refused": [refused[point]], "accuracy": [curve.accuracy[point]]})
        layers += alt.Chart(at).mark_point(color=charts.ORANGE, filled=True, size=110).encode(x=x, y=y("accuracy:Q"))
    twentieth = int(np.flatnonzero(refused <= 0.05).max())
    words = (
        "What is right among the readings kept, when the least sure are refused first; the band is the 95 % interval. "
        f"All kept, {curve.accuracy[0]:.2%} are right; a twentieth refused, {curve.accuracy[twentieth]:.2%}. {here}"
    )
    charts.show(layers, f"{run.name}-refusal", "Accuracy against the share refused", words, table, height=320)


@st.cache_data(max_entries=8, show_spinner=False)
def _confidence(path: str, changed: tuple[int, ...], _run: Run) -> _Confidence:
    found = _run.predictions()
    calibrated = metrics.tempered(found.probabilities, _run.calibration.temperature)
    curve = metrics.risk_coverage(calibrated, found.labels)
    return _Confidence(
        before=metrics.reliability(found.probabilities, found.labels),
        after=metrics.reliability(calibrated, found.labels),
        losses=(
            metrics.log_loss(found.probabilities, found.labels),
            metrics.log_loss(calibrated, found.labels),
        ),
        risk_coverage=curve,
    )
