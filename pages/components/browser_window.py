"""The name of the window (browser tab): who started a training, and who cancelled it."""

import re
import uuid

import streamlit as st

_NAME = "window_name"  # in a session
_PATTERN = re.compile(r"[0-9a-f]{32}")


def window_name() -> str:
    """A random name of this window, 32 hexadecimal digits; the browser keeps it when the page is loaded again."""
    return st.session_state.setdefault(_NAME, uuid.uuid4().hex)


def adopt(name: object) -> None:
    """Take the name that the browser has kept, if it is one: it comes from outside."""
    if isinstance(name, str) and _PATTERN.fullmatch(name):
        st.session_state[_NAME] = name
