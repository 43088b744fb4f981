"""Offers a run that was finished after the page was opened: nothing but a click changes what is on screen."""

from collections.abc import Callable, Collection

import streamlit as st

from digit_core.runs.run import is_training_name, list_runs
from pages.components import status_events, url_state
from pages.components.titles import run_markdown

_KNOWN = "known_runs"  # in a session: the names of the runs that there were when a page was opened


def note_runs(*, afresh: bool) -> None:
    """Note which runs there are when a page is opened; `afresh` for a page that was opened before, too."""
    known = st.session_state.setdefault(_KNOWN, {})
    if afresh or url_state.page_hash() not in known:
        known[url_state.page_hash()] = {run.name for run in list_runs().runs}


@st.fragment
def show(shown: Collection[str], verb: str, choose: Callable[[str], None]) -> None:
    """A button for the newest run if it was finished since and is not `shown`; a click gives its name to `choose`."""
    status_events.rerun_on_change("new-run")
    if name := _newest_new(shown):
        label = f"New run finished: **{run_markdown(name)}**. {verb}"
        if st.button(label, icon=":material/new_releases:", key="new-run", type="tertiary"):
            choose(name)
            st.rerun()


def _newest_new(shown: Collection[str]) -> str | None:
    known = st.session_state.get(_KNOWN, {}).get(url_state.page_hash(), set())
    names = (run.name for run in list_runs().runs)
    return next((name for name in names if name not in known and name not in shown and is_training_name(name)), None)
