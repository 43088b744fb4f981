"""The choices in the page's address: what a person sees, sends on and goes back through.

With every click the browser sends the address that it shows, and Streamlit believes it. A click
that is made before the browser has heard of the last change brings the address from before that
change along, and would take it back. So what was written in the last seconds is remembered, and
an address that has just been replaced counts as late, unless the browser's Back has led to it.
"""

import time
from dataclasses import dataclass, field

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_STATE = "address"
_LATE = 10.0  # seconds after which an address that was replaced is not on its way any more


@dataclass
class _Written:
    """The address on a page as it should be, and those that it had, each with when it was replaced."""

    page: str | None
    now: dict[str, str]
    before: list[tuple[float, dict[str, str]]] = field(default_factory=list)


def read() -> dict[str, str]:
    """What stands in the address, or will when the browser has heard of it; for pages and callbacks alike."""
    seen, context = st.query_params.to_dict(), get_script_run_ctx()
    page = context.page_script_hash if context else None
    written = st.session_state.get(_STATE)
    if written is None or written.page != page:
        written = st.session_state[_STATE] = _Written(page, seen)
    if seen == written.now:
        return seen
    came_back = context is not None and context.is_history_navigation
    recent = [address for when, address in written.before if time.monotonic() - when < _LATE]
    if seen in recent and not came_back:
        st.query_params.from_dict(written.now)
        return dict(written.now)
    st.session_state[_STATE] = _Written(page, seen)
    return seen


def write(address: dict[str, str]) -> None:
    """Change the address, all of it at once: each change is a step that the browser's Back goes through."""
    before = read()
    if address == before:
        return
    written = st.session_state[_STATE]
    written.before.append((time.monotonic(), before))
    written.now = dict(address)
    st.query_params.from_dict(address)


def put(name: str, value: str | None) -> None:
    """Change one part of the address; None takes it out."""
    address = read()
    address.pop(name, None)
    write(address if value is None else {**address, name: value})
