"""What is around every page: title and icon, the list of pages, the sidebar."""

from pathlib import Path

import streamlit as st

from digit_core.jobs import recovery
from pages.components import canvas, page_on_screen
from pages.shell import sidebar

_PAGES = Path(__file__).parents[1]
_ICONS = {
    "draw": "draw",
    "results": "monitoring",
    "mistakes": "rule",
    "my_drawings": "gesture",
    "compare": "compare_arrows",
    "runs": "folder_open",
    "training": "model_training",
    "join": "qr_code_2",
}
_SIDEBAR_EVENTS = 8  # more than the sidebar shows at once


def run_app() -> None:
    """Run the script of a browser's session: the sidebar, and the page that the address names."""
    # An icon by its name would be fetched from Google by every visitor's browser.
    st.set_page_config(page_title="Digit Lab", page_icon=str(_PAGES / "icon.png"), layout="wide")
    page = st.navigation(
        [
            st.Page(_PAGES / f"{name}.py", title=_title(name), icon=f":material/{icon}:", default=name == "draw")
            for name, icon in _ICONS.items()
        ]
    )
    st.cache_resource(recovery.recover, show_spinner=False)()  # once, when the app starts
    show(page.url_path or "draw")
    page.run()


def _title(page: str) -> str:
    return page.replace("_", " ").capitalize()


def show(page: str) -> None:
    """Show the sidebar and note which page is on screen; `page` is its name in the address."""
    if page != "draw":
        canvas.unmounted()
    page_on_screen.note(page)
    sidebar.reset()
    with st.sidebar:
        _sidebar()
    # Messages, questions and styles of all parts of the screen are in one container, by their numbers. Those that
    # the sidebar adds when it reruns alone would take the place of the page's own first: of an open image, say.
    for _ in range(_SIDEBAR_EVENTS):
        st.html("<style></style>")


@st.fragment
def _sidebar() -> None:
    page_on_screen.keep()
    sidebar.show(page_on_screen.name())
