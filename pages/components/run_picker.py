"""Choose a run or several; the choice is in the page's address."""

from collections.abc import Callable, Iterable

import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.runs.run import Listing, Run, list_runs
from pages.components import url_state
from pages.components.titles import markdown, run_title, run_titles

# Both boxes have a key and no default: with another default each choice would make another box,
# which would lose the next click.
_RUN, _RUNS = "picked_run", "compared_runs"


def pick_run() -> Run | None:
    """The run to look at: the one in the address, else the newest. Shows which runs are damaged."""
    listing, runs = _available_runs()
    if not runs:
        return None
    wanted = url_state.read().get("run")
    if wanted is not None and wanted not in runs:
        st.warning(f"{_problem(wanted, listing)} The newest run is shown instead.")
        wanted = None
    titles = run_titles(runs, lambda name: f"{_with_accuracy(runs[name])} on {TITLES[runs[name].config.data]}")
    st.session_state[_RUN] = wanted or next(iter(runs))
    st.selectbox(
        "Run",
        list(runs),
        key=_RUN,
        format_func=titles.get,
        on_change=lambda: url_state.put("run", st.session_state[_RUN]),
    )
    return runs[st.session_state[_RUN]]


def pick_runs(usual: Callable[[Listing], Iterable[str]]) -> list[Run]:
    """The runs in the address (`runs=a,b,c`), else the `usual` ones. Shows which runs are damaged."""
    listing, runs = _available_runs()
    if not runs:
        return []
    titles = run_titles(runs, lambda name: _with_accuracy(runs[name]))  # short: the chosen ones stand side by side
    asked = url_state.read().get("runs")
    names = names_in(asked) if asked is not None else list(usual(listing))
    for name in names:
        if name not in runs:
            st.warning(f"{_problem(name, listing)} It is skipped.")
    st.session_state[_RUNS] = [name for name in names if name in runs]
    st.multiselect(
        "Runs",
        list(runs),
        key=_RUNS,
        format_func=lambda name: titles.get(name, name),
        placeholder="Choose runs",
        on_change=lambda: url_state.put("runs", ",".join(st.session_state[_RUNS])),
    )
    return [runs[name] for name in st.session_state[_RUNS]]


def names_in(text: str) -> list[str]:
    """The names of runs in `a,b,c`, each once."""
    return list(dict.fromkeys(name for name in text.split(",") if name))


def _available_runs() -> tuple[Listing, dict[str, Run]]:
    listing = list_runs()
    if damaged := listing.damaged:
        count = "1 run is" if len(damaged) == 1 else f"{len(damaged)} runs are"
        with st.expander(f"{count} damaged and not shown", icon=":material/broken_image:"):
            for name, reason in damaged.items():
                st.markdown(f"**{markdown(name)}**: {markdown(reason)}")
    if not listing.runs:
        st.error("There is no run to show. Train one with *Retrain* in the sidebar.")
    return listing, {run.name: run for run in listing.runs}


def _with_accuracy(run: Run) -> str:
    return f"{run_title(run.name)} · {run.metrics.accuracy:.2%}"


def _problem(name: str, listing: Listing) -> str:
    if name in listing.damaged:
        return markdown(listing.damaged[name])
    return f"There is no run named **{markdown(name[:100])}**."
