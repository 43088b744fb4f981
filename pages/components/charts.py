"""Common to all charts: colours, title, caption and download buttons.

Altair takes a hundred times as long to check and write a chart as a pen lift takes to be answered. So
a section makes a `Figure` once a run, for all sessions, and what the browser gets for it is kept too.
"""

import re
import uuid
from dataclasses import dataclass, field

import altair as alt
import pandas as pd
import streamlit as st

from pages.components.cached import BY_FINGERPRINT
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


@dataclass(frozen=True)
class Figure:
    """A chart with a title, a caption that is its text alternative too, and the table of its data: see `figure`."""

    chart: alt.TopLevelMixin
    title: str
    caption: str
    table: pd.DataFrame
    height: int
    token: str = field(default_factory=lambda: uuid.uuid4().hex)  # under which what the browser gets for it is kept


# For functions of runs and options that draw, or return what is drawn; nobody may change what they return.
# Streamlit sends what such a function has drawn again, as it is; containers have to be around it, not in it.
once = st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=BY_FINGERPRINT)


def figure(
    chart: alt.Chart | alt.LayerChart, title: str, caption: str, table: pd.DataFrame, height: int = 240, more: int = 0
) -> Figure:
    """A figure of a chart without title and size; for functions that are cached with `once`.

    `height` of the plot itself, in pixels: title, legend and axis titles come on top, and `more`
    pixels for a legend of several lines.
    """
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
    return Figure(chart, title, caption, table, height + _AROUND + more)


def show(figure: Figure, name: str) -> None:
    """Show a figure with download buttons; `name` is unique on the page and names the files: picture and table."""
    key = "chart-" + re.sub(r"[^a-z0-9-]", "-", name.lower())
    with st.container(key=key, gap="small"):
        with reserved(f"area-{key}", figure.height):
            _draw(figure)
        st.caption(figure.caption)
        with st.container(horizontal=True, gap="small"):
            picture_buttons(key, name, figure.title)
            csv_button(figure.table, name)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs={Figure: lambda figure: figure.token})
def _draw(figure: Figure) -> None:
    st.altair_chart(figure.chart, width="stretch", alt=figure.caption)


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
