"""Which page is on screen, for the parts of a page that rerun by themselves.

After `st.switch_page` the browser hears of its new page only when that page's run begins. A part that
reruns by itself just before still names the old page, and Streamlit would go back to it.
"""

import streamlit as st

from pages.components import canvas, url_state

_STATE = "page_on_screen"


def note(page: str) -> None:
    """Note that the page of this name, as in the address, is on screen; once in each full run."""
    st.session_state[_STATE] = url_state.page_hash(), page, url_state.read()


def name() -> str:
    """The name of the page, as in the address."""
    return st.session_state[_STATE][1]


def keep() -> None:
    """Go on with the page on screen where this rerun names another; a part that reruns by itself calls this first."""
    page_hash, page, query = st.session_state.get(_STATE, (None, "", {}))
    if page_hash not in (None, url_state.page_hash()):
        canvas.unmounted()
        st.switch_page(f"pages/{page}.py", query_params=query)
