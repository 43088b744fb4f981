"""How often the predictions for one's own drawings were right, over time."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from digit_core.drawings.store import StoredDrawing
from pages.components.percentages import percent
from pages.components.reserved import reserved
from pages.components.titles import run_title

_WINDOW = 20  # drawings in the running mean
_HEIGHT = 220  # pixels


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
    x = alt.X("Drawing:Q", title="drawing, in the order in which they were drawn", axis=alt.Axis(tickMinStep=1))
    tooltip = [
        "Drawing:Q",
        alt.Tooltip("When:T", format="%d %b %Y %H:%M"),
        "Run:N",
        "Prediction:N",
        alt.Tooltip("Accuracy:Q", format=".0%"),
    ]
    y = alt.Y("Accuracy:Q", scale=alt.Scale(domain=(0, 1)), axis=alt.Axis(format=".0%"), title="accuracy")
    run = alt.Color("Run:N", legend=alt.Legend(orient="bottom"))
    line = alt.Chart(table).mark_line(interpolate="step-after").encode(x=x, y=y)
    # The colour is the run's: where it changes, another model predicted.
    points = alt.Chart(table).mark_point(filled=True, size=45).encode(x=x, y=y, color=run, tooltip=tooltip)
    st.caption(f"Accuracy of the predictions as you saw them, mean of the last {_WINDOW} drawings")
    with reserved("my-accuracy", _HEIGHT):
        st.altair_chart((line + points).properties(height=_HEIGHT), width="stretch", key="my-accuracy")
