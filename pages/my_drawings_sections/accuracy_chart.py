"""How often the predictions for one's own drawings were right, over time."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from digit_core.drawings.store import StoredDrawing
from pages.components.percentages import percent
from pages.components.reserved import reserved
from pages.components.titles import run_title

_WINDOW = 20  # drawings in the running mean
_HEIGHT = 220  # pixels
_X = {
    "field": "Drawing",
    "type": "quantitative",
    "title": "drawings, oldest first",
    "axis": {"tickMinStep": 1},
}
_Y = {
    "field": "Accuracy",
    "type": "quantitative",
    "title": "accuracy",
    "scale": {"domain": [0, 1]},
    "axis": {"format": ".0%"},
}
# The colour is the run's: where it changes, another model predicted.
_RUN = {"field": "Run", "type": "nominal", "legend": {"orient": "bottom"}}
_TOOLTIP = [
    {"field": "Drawing", "type": "quantitative"},
    {"field": "When", "type": "temporal", "format": "%d %b %Y %H:%M"},
    {"field": "Run", "type": "nominal"},
    {"field": "Prediction", "type": "nominal"},
    {"field": "Accuracy", "type": "quantitative", "format": ".0%"},
]
# Vega-Lite itself: Altair would take longer to write it than all else on the page, and each person has another chart.
_CHART = {
    "height": _HEIGHT,
    "layer": [
        {"mark": {"type": "line", "interpolate": "step-after"}, "encoding": {"x": _X, "y": _Y}},
        {
            "mark": {"type": "point", "filled": True, "size": 45},
            "encoding": {"x": _X, "y": _Y, "color": _RUN, "tooltip": _TOOLTIP},
        },
    ],
}


def show(drawings: Sequence[StoredDrawing]) -> None:
    """Counts, and a chart if there are at least two labelled drawings; `drawings` are the newest first."""
    labelled = [drawing for drawing in reversed(drawings) if drawing.label is not None]
    right = sum(bool(drawing.is_right) for drawing in labelled)
    row = st.container(horizontal=True, gap="large")
    row.metric("Labelled drawings", f"{len(labelled):,}", width="content")
    row.metric("Predicted correctly", percent(right / len(labelled)) if labelled else "–", width="content")
    if len(labelled) < 2:
        return
    table = pd.DataFrame(
        {
            "Drawing": range(1, len(labelled) + 1),
            "When": pd.to_datetime([drawing.created for drawing in labelled], unit="s", utc=True),
            "right": [bool(drawing.is_right) for drawing in labelled],
            "Run": [run_title(drawing.run) for drawing in labelled],
        }
    )
    table["Accuracy"] = table["right"].rolling(_WINDOW, min_periods=1).mean()
    table["Prediction"] = table["right"].map({True: "right", False: "wrong"})
    st.caption(f"Accuracy of the predictions as you saw them, mean of the last {_WINDOW} drawings")
    with reserved("my-accuracy", _HEIGHT):
        st.vega_lite_chart(table, _CHART, width="stretch", key="my-accuracy")
