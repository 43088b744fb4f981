"""The choices in the page's address: what a person sees, shares and goes back through.

By hand, and not with the widgets' `bind="query-params"` (Streamlit 1.67), which drops values that
are invalid or equal to the default, and has nothing for charts, tables and dialogs.

With every click the browser sends the address that it shows, and Streamlit believes it. A click
made before the browser has received the last change would undo it. So an address that was
replaced in the last seconds counts as late, unless the browser's Back has led to it.
"""

import time
from dataclasses import dataclass, field

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_STATE = "address"
_LATE = 10.0  # seconds after which an address that was replaced is no longer on its way


@dataclass
class _Address:
    """The address that a page should have, and those that it had, each with when it was replaced."""

    page: str | None
    now: dict[str, str]
    before: list[tuple[float, dict[str, str]]] = field(default_factory=list)


def read() -> dict[str, str]:
    """The address as it is, or will be once the browser has received it; for pages and callbacks alike."""
    seen, page = st.query_params.to_dict(), page_hash()
    address = st.session_state.get(_STATE)
    if address is not None and address.page == page:
        if seen == address.now:
            return seen
        recent = [former for when, former in address.before if time.monotonic() - when < _LATE]
        context = get_script_run_ctx()
        if seen in recent and not (context and context.is_history_navigation):
            st.query_params.from_dict(address.now)
            return dict(address.now)
    st.session_state[_STATE] = _Address(page, seen)
    return seen


def page_hash() -> str | None:
    """What Streamlit calls the page that this script run is for."""
    context = get_script_run_ctx()
    return context.page_script_hash if context else None


def write(address: dict[str, str]) -> None:
    """Change the whole address: each change is a step that the browser's Back goes through."""
    before = read()
    if address != before:
        state = st.session_state[_STATE]
        state.before.append((time.monotonic(), before))
        state.now = dict(address)
        st.query_params.from_dict(address)


def put(name: str, value: str | None) -> None:
    """Change one part of the address; None removes it."""
    address = read()
    address.pop(name, None)
    write(address if value is None else {**address, name: value})
