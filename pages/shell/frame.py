"""What is around every page."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.components import canvas, url_state
from pages.shell import sidebar

_ON_SCREEN = "page_on_screen"
# A second click on a button that leads to another page still names the page that is being left. It
# reaches the server when the other page is there, and wipes it out. So such a button, one with a
# key that begins with "leave-", takes one click in a while.
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
    st.session_state[_ON_SCREEN] = _page_of_this_run(), f"pages/{page}.py", url_state.read()
    with st.sidebar:
        sidebar.show(before=_stay)
        _one_click()


def _stay() -> None:
    """Called whenever the sidebar is drawn by itself: is the browser on the page that it was sent to?

    After `st.switch_page` the browser hears of its new page only when that page's run begins. What
    the sidebar asked for just before still names the page before, and makes the browser wipe the
    new one.
    """
    shown, path, query = st.session_state.get(_ON_SCREEN, (None, "", {}))
    if shown not in (None, _page_of_this_run()):
        canvas.gone()
        st.switch_page(path, query_params=query)


def _page_of_this_run() -> str | None:
    context = get_script_run_ctx()
    return context.page_script_hash if context else None
