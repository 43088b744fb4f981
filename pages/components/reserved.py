"""Room for what the browser draws late, so that nothing below it jumps, and no click misses its button."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

TABLE_ROW = 35  # pixels, as Streamlit draws them
_MOST_ROWS = 10  # shown by a table before it scrolls


def reserved(key: str, height: int) -> DeltaGenerator:
    """A container at least `height` pixels high from the start; `key` is unique on the page."""
    st.html(f"<style>.st-key-{key}{{min-height:{height}px}}</style>")
    return st.container(key=key)


def table_height(rows: int, most: int = _MOST_ROWS) -> int:
    """Height in pixels of `st.dataframe` with so many rows, and its head and border."""
    return TABLE_ROW * (min(rows, most) + 1) + 2
