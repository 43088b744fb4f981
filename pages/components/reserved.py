"""Room for what the browser draws late, so that nothing below it jumps, and no click misses its button."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

TABLE_ROW = 35  # pixels, as Streamlit draws them
_MOST_ROWS = 10  # shown by a table before it scrolls


def reserved(key: str, height: int) -> DeltaGenerator:
    """A container at least `height` pixels high from the start; `key` is unique on the page."""
    # The style reaches the browser late too. Until then the container has that very height, by a property of its own.
    block = f".st-key-{key}"
    st.html(
        f"<style>{block}{{min-height:{height}px;height:auto!important;overflow:visible!important}}"
        f"[data-testid=stLayoutWrapper]:has(>{block}){{height:auto!important;flex:0 0 auto!important}}</style>"
    )
    return st.container(key=key, height=height, border=False)


def table_height(rows: int, most: int = _MOST_ROWS) -> int:
    """Height in pixels of `st.dataframe` with so many rows, and its head and border."""
    return TABLE_ROW * (min(rows, most) + 1) + 2
