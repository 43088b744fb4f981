"""Common to all charts: colours, title, caption and download buttons."""

import re

import altair as alt
import pandas as pd
import streamlit as st

from pages.components.downloads import csv_button, picture_buttons
from pages.components.reserved import reserved

# For the colour-blind too, on light and dark (after Okabe and Ito 2008, and Wong 2011). Ten are too
# many to tell apart by colour alone, so lines have dashes too.
COLOURS = (
    "#2f76c9", "#d9822b", "#1a9e77", "#c2508f", "#8f7a00",
    "#4fa8dc", "#b5532f", "#7d6bd0", "#7f8a96", "#c9475b",
)  # fmt: skip
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4])
_GAP = 8  # pixels between title, legend and plot
_AROUND = 90  # pixels: title and axis of a chart, and a legend of one line
BLUE, ORANGE, GREY = COLOURS[0], COLOURS[1], COLOURS[8]


def show(
    chart: alt.Chart | alt.LayerChart,
    name: str,
    title: str,
    caption: str,
    table: pd.DataFrame,
    height: int = 240,
    more: int = 0,
) -> None:
    """Show a chart with a title, a caption that is its text alternative too, and download buttons.

    `name` is unique on the page and names the files: the picture, and `table`, the data of the
    chart. `height` of the plot itself, in pixels: title, legend and axis titles come on top,
    and `more` pixels for a legend of several lines.
    """
    key = "chart-" + re.sub(r"[^a-z0-9-]", "-", name.lower())
    # Always drawn as SVG, so that it can be saved as one.
    options = {"embedOptions": {"renderer": "svg"}}
    # Not Streamlit's own "fit": it squeezes title, legend and plot into the height, and the plot loses most of it.
    chart = chart.properties(
        title=alt.Title(title, anchor="start", offset=_GAP),
        padding=0,
        height=height,
        usermeta=options,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )
    with st.container(key=key, gap="small"):
        with reserved(f"area-{key}", height + _AROUND + more):
            st.altair_chart(chart, width="stretch", alt=caption)
        st.caption(caption)
        with st.container(horizontal=True, gap="small"):
            picture_buttons(key, name, title)
            csv_button(table, name)


def legend(*, lines: bool = True) -> alt.Legend:
    """A legend above the chart, without a title, for lines or for other marks."""
    symbols = {"symbolType": "stroke", "symbolStrokeWidth": 3} if lines else {}
    return alt.Legend(title=None, orient="top", labelLimit=320, symbolOpacity=1, padding=0, offset=_GAP, **symbols)


def by_kind(domain: list[str]) -> tuple[alt.Scale, alt.Scale]:
    """Scales of colours and of dashes for these names, in this order; Vega repeats both as needed."""
    return alt.Scale(domain=domain, range=COLOURS), alt.Scale(domain=domain, range=DASHES)


def shares(title: str, lowest: float = 0.0, highest: float = 1.0) -> dict:
    """Arguments for an axis of shares from `lowest` to `highest`, 0 to 1, shown as per cent."""
    return {
        "title": f"{title} (%)",
        "scale": alt.Scale(domain=[lowest, highest], nice=False),
        "axis": alt.Axis(format=".2~%"),
    }
