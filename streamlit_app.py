"""Digit Lab in the browser: draw a digit, see what the model gets wrong, train it again."""

from pathlib import Path

import streamlit as st

from digit_core.records import jobs
from pages.shared import frame


@st.cache_resource(show_spinner=False)
def _recover_once() -> None:
    """Put right what killed trainers left, when the app starts and not in every window."""
    jobs.recover()


# A file of our own: an icon by its name would be fetched from Google by every visitor's browser.
_ICON = Path(__file__).parent / "pages" / "icon.png"
st.set_page_config(page_title="Digit Lab", page_icon=str(_ICON), layout="wide")

# Streamlit leaves room for a toolbar that is hidden here.
st.html("<style>[data-testid=stMainBlockContainer]{padding-top:2.5rem}</style>")

page = st.navigation(
    [
        st.Page("pages/draw.py", title="Draw", icon=":material/draw:", default=True),
        st.Page("pages/results.py", title="Results", icon=":material/monitoring:"),
        st.Page("pages/mistakes.py", title="Mistakes", icon=":material/rule:"),
        st.Page("pages/compare.py", title="Compare", icon=":material/compare_arrows:"),
        st.Page("pages/runs.py", title="Runs", icon=":material/folder_open:"),
    ]
)
_recover_once()
frame.show(page.url_path or "draw")
page.run()
