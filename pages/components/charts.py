"""What all charts have in common: colours, a title, words that say what is shown, and buttons to take it along."""

import re

import altair as alt
import pandas as pd
import streamlit as st

from pages.components.downloads import csv_button, picture_buttons

# Told apart by the colour-blind, and readable on light and on dark (after Okabe and Ito 2008,
# and Wong 2011). Ten are too many for colour alone: every line has its own dashes too.
COLOURS = (
    "#2f76c9", "#d9822b", "#1a9e77", "#c2508f", "#8f7a00",
    "#4fa8dc", "#b5532f", "#7d6bd0", "#7f8a96", "#c9475b",
)  # fmt: skip
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4])
BLUE, ORANGE, GREY = COLOURS[0], COLOURS[1], COLOURS[8]


def show(
    chart: alt.Chart | alt.LayerChart,
    name: str,
    title: str,
    words: str,
    table: pd.DataFrame | None = None,
    height: int = 320,
) -> None:
    """Show a chart with a title, and `words` below it that say what it shows.

    `name` is unique on the page and becomes the name of the files that the buttons give: the
    picture, and `table`, the figures that it is drawn from. `height` in pixels, of the whole chart.
    """
    key = "chart-" + re.sub(r"[^a-z0-9-]", "-", name.lower())
    chart = chart.properties(
        title=alt.Title(title, anchor="start"),
        height=height,
        # As SVG however many points it has, so that it can be saved as one.
        usermeta={"embedOptions": {"renderer": "svg"}},
    )
    with st.container(key=key, gap="small"):
        st.altair_chart(chart, width="stretch", alt=words)
        st.caption(words)
        with st.container(horizontal=True, gap="small"):
            picture_buttons(key, name, title)
            if table is not None:
                csv_button(table, name)


def legend(*, lines: bool = True) -> alt.Legend:
    """A legend above the chart without a title; its symbols are strokes, for lines, or the marks themselves."""
    symbols = {"symbolType": "stroke", "symbolStrokeWidth": 3} if lines else {}
    return alt.Legend(title=None, orient="top", labelLimit=320, symbolOpacity=1, **symbols)


def by_kind(domain: list[str]) -> tuple[alt.Scale, alt.Scale]:
    """Scales of colour and of dashes for these names, in this order."""
    return (
        alt.Scale(domain=domain, range=[COLOURS[i % len(COLOURS)] for i in range(len(domain))]),
        alt.Scale(domain=domain, range=[DASHES[i % len(DASHES)] for i in range(len(domain))]),
    )


def shares(title: str, lowest: float = 0.0, highest: float = 1.0) -> dict:
    """Title, scale and marks of an axis of shares, 0 to 1, shown as per cent from `lowest` to `highest`."""
    return {
        "title": f"{title} (%)",
        "scale": alt.Scale(domain=[lowest, highest], nice=False),
        "axis": alt.Axis(format=".2~%"),
    }
