"""What is around every page."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from pages.shared import canvas, sidebar


def require() -> None:
    """Called first by every page: have it run inside the app, and not by itself.

    Where there is a folder `pages/`, Streamlit takes each file in it for an app's page of the
    old kind until `st.navigation` has run once in the process. If the first address that anybody
    opens is not the first page's, it would be shown without title, theme and sidebar.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


def show(page: str) -> None:
    """Show the sidebar and note which page is on screen; `page` is its name in the address."""
    if page != "draw":
        canvas.gone()
    with st.sidebar:
        sidebar.show()
