"""Buttons that delete are red; their keys begin with "delete"."""

import streamlit as st

_STYLE = """
<style>
[class*="st-key-delete"] button{color:light-dark(#b3261e,#ff8a80);border-color:light-dark(#b3261e66,#ff8a8066)}
[class*="st-key-delete"] button:is(:hover,:focus-visible){color:#fff;background:#b3261e;border-color:#b3261e}
[class*="st-key-delete"] button[kind="primary"]{color:#fff;background:#b3261e;border-color:#b3261e}
[class*="st-key-delete"] button[kind="primary"]:is(:hover,:focus-visible){background:#8c1d18;border-color:#8c1d18}
</style>
"""


def show() -> None:
    """Colour the page's buttons that delete."""
    st.html(_STYLE)
