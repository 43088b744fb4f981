"""The app as a browser's session sees it: title and icon, the list of screens, the sidebar."""

from pathlib import Path

import streamlit as st

from digit_core.jobs import recovery
from pages.shell import frame

_PAGES = Path(__file__).parents[1]


def show() -> None:
    """Show the screen that the address names."""
    # A file of our own: an icon by its name would be fetched from Google by every visitor's browser.
    st.set_page_config(page_title="Digit Lab", page_icon=str(_PAGES / "icon.png"), layout="wide")
    # Streamlit leaves room for a toolbar that is hidden here.
    st.html("<style>[data-testid=stMainBlockContainer]{padding-top:2.5rem}</style>")
    screen = st.navigation(
        [
            st.Page(_PAGES / "draw.py", title="Draw", icon=":material/draw:", default=True),
            st.Page(_PAGES / "results.py", title="Results", icon=":material/monitoring:"),
            st.Page(_PAGES / "mistakes.py", title="Mistakes", icon=":material/rule:"),
            st.Page(_PAGES / "compare.py", title="Compare", icon=":material/compare_arrows:"),
            st.Page(_PAGES / "runs.py", title="Runs", icon=":material/folder_open:"),
        ]
    )
    # When the app starts, and not in every window.
    st.cache_resource(recovery.recover, show_spinner=False)()
    frame.show(screen.url_path or "draw")
    screen.run()
