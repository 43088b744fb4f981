"""Choose a run or several; the choice is in the page's address."""

from collections.abc import Callable, Iterable, Mapping

import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.runs.run import Listing, Run, list_runs
from pages.components import url_state
from pages.components.titles import markdown, run_title, run_titles

_NO_RUN = "There is no run to show. Train one with *Retrain* in the sidebar."
_RUN = "picked_run"
_CHOSEN, _ADDRESS = "compared_runs", "compared_address"


def pick_run() -> Run | None:
    """The run to look at: the one in the address, else the newest. Says what is damaged."""
    listing = list_runs()
    show_damaged(listing.damaged)
    if not listing.runs:
        st.error(_NO_RUN)
        return None
    runs = {run.name: run for run in listing.runs}
    wanted = url_state.read().get("run")
    if wanted is not None and wanted not in runs:
        st.warning(f"{_why_not(wanted, listing)} The newest run is shown instead.")
        wanted = None
    names, lines = list(runs), describe_all(listing.runs)
    # By a key and not by `index`, with which it would be another box after each choice, and lose the next one.
    st.session_state[_RUN] = wanted or names[0]
    st.selectbox("Run", names, key=_RUN, format_func=lines.get, on_change=_picked)
    return runs[st.session_state[_RUN]]


def _picked() -> None:
    url_state.put("run", st.session_state[_RUN])


def pick_runs(usual: Callable[[Listing], Iterable[str]]) -> list[Run]:
    """The runs to look at: those in the address (`runs=a,b,c`), else the `usual` ones. Says what is damaged."""
    listing = list_runs()
    show_damaged(listing.damaged)
    if not listing.runs:
        st.error(_NO_RUN)
        return []
    runs = {run.name: run for run in listing.runs}
    # Short, for the chosen ones stand side by side.
    lines = run_titles(runs, lambda name: f"{run_title(name)} · {runs[name].metrics.accuracy:.2%}")
    asked_for = url_state.read().get("runs")
    asked = names_in(asked_for) if asked_for is not None else list(usual(listing))
    for name in asked:
        if name not in runs:
            st.warning(f"{_why_not(name, listing)} It is left out.")
    there = [name for name in asked if name in runs]
    if _CHOSEN not in st.session_state or st.session_state.get(_ADDRESS) != asked_for:
        # The first visit, or another address than this menu has written: it says what is chosen.
        st.session_state[_CHOSEN], st.session_state[_ADDRESS] = there, asked_for
    chosen = st.multiselect(
        "Runs", list(runs), key=_CHOSEN, format_func=lambda name: lines.get(name, name), placeholder="Choose runs"
    )
    if chosen != there:
        st.session_state[_ADDRESS] = ",".join(chosen)
        url_state.put("runs", st.session_state[_ADDRESS])
    return [runs[name] for name in chosen]


def names_in(text: str) -> list[str]:
    """The names of runs in `a,b,c`, each once."""
    return list(dict.fromkeys(name for name in text.split(",") if name))


def show_damaged(damaged: Mapping[str, str]) -> None:
    """Say which runs are left out, and why."""
    if not damaged:
        return
    count = "1 run is" if len(damaged) == 1 else f"{len(damaged)} runs are"
    with st.expander(f"{count} damaged and left out", icon=":material/broken_image:"):
        for name, reason in damaged.items():
            st.markdown(f"**{markdown(name)}**: {markdown(reason)}")


def describe(run: Run) -> str:
    """A run in a line: what it is called, accuracy, data set."""
    return f"{run_title(run.name)} · {run.metrics.accuracy:.2%} on {TITLES[run.config.data]}"


def describe_all(runs: Iterable[Run]) -> dict[str, str]:
    """Such a line for each run, no two alike."""
    by_name = {run.name: run for run in runs}
    return run_titles(by_name, lambda name: describe(by_name[name]))


def _why_not(name: str, listing: Listing) -> str:
    if name in listing.damaged:
        return markdown(listing.damaged[name])
    return f"There is no run named **{markdown(name[:100])}**."
