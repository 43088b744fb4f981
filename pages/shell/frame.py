"""What is around every page: title and icon, the list of pages, the sidebar."""

from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from digit_core.jobs import recovery
from pages.components import canvas, url_state
from pages.shell import sidebar

_PAGES = Path(__file__).parents[1]
_ICONS = {
    "draw": "draw",
    "results": "monitoring",
    "mistakes": "rule",
    "compare": "compare_arrows",
    "runs": "folder_open",
    "training": "model_training",
}
_ON_SCREEN = "page_on_screen"
_SIDEBAR_EVENTS = 8  # more than the sidebar shows at once
# The second click of a double click on a button that leads to another page still names the page
# being left. It reaches the server when the other page is there, and replaces it. So buttons with
# a key that begins with "leave-" take one click in two seconds.
_ONE_CLICK = """
export default function () {
  let button = null, clicked = 0;
  const once = event => {
    const now = event.target.closest?.('[class*="st-key-leave-"] button');
    if (!now) return;
    if (now.innerText === button && event.timeStamp - clicked < 2000) {
      event.stopImmediatePropagation();
      event.preventDefault();
      return;
    }
    [button, clicked] = [now.innerText, event.timeStamp];
  };
  document.addEventListener('click', once, true);
  return () => document.removeEventListener('click', once, true);
}
"""
_one_click = st.components.v2.component("one_click", js=_ONE_CLICK)


def run_app() -> None:
    """Run the script of a browser's session: the sidebar, and the page that the address names."""
    # An icon by its name would be fetched from Google by every visitor's browser.
    st.set_page_config(page_title="Digit Lab", page_icon=str(_PAGES / "icon.png"), layout="wide")
    page = st.navigation(
        [
            st.Page(_PAGES / f"{name}.py", title=name.title(), icon=f":material/{icon}:", default=name == "draw")
            for name, icon in _ICONS.items()
        ]
    )
    st.cache_resource(recovery.recover, show_spinner=False)()  # once, when the app starts
    show(page.url_path or "draw")
    page.run()


def require() -> None:
    """Make sure that a page runs inside the app, and not by itself; every page calls this first.

    Until `st.navigation` has run once in the process, Streamlit takes the files in `pages/` for
    pages of the old kind. A page opened first by its address would lack title, theme and sidebar.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


def show(page: str) -> None:
    """Show the sidebar and note which page is on screen; `page` is its name in the address."""
    if page != "draw":
        canvas.unmounted()
    st.session_state[_ON_SCREEN] = url_state.page_hash(), f"pages/{page}.py", url_state.read()
    sidebar.reset()
    with st.sidebar:
        _sidebar()
        _one_click()
    # Messages, questions and styles of all parts of the screen are in one container, by their numbers. Those that
    # the sidebar adds when it reruns alone would take the place of the page's own first: of an open image, say.
    for _ in range(_SIDEBAR_EVENTS):
        st.html("<style></style>")


@st.fragment
def _sidebar() -> None:
    # After `st.switch_page` the browser hears of its new page only when that page's run begins. A
    # rerun of the sidebar just before still names the old page, and would replace the new one.
    page_hash, path, query = st.session_state[_ON_SCREEN]
    if page_hash not in (None, url_state.page_hash()):
        canvas.unmounted()
        st.switch_page(path, query_params=query)
    sidebar.show(Path(path).stem)
