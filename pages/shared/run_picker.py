"""Choose a run; the choice is in the page's address."""

import streamlit as st

from digit_core.records.datasets import TITLES
from digit_core.records.runs import Run, list_runs
from pages.shared.names import run_title


def pick_run() -> Run | None:
    """The run to look at: the one in the address, else the newest. Says what is damaged."""
    listing = list_runs()
    if listing.damaged:
        count = "1 run is" if len(listing.damaged) == 1 else f"{len(listing.damaged)} runs are"
        with st.expander(f"{count} damaged and left out", icon=":material/broken_image:"):
            for name, reason in listing.damaged.items():
                st.markdown(f"**{name}**: {reason}")
    if not listing.runs:
        st.error("There is no run to show. Train one with *Retrain* in the sidebar.")
        return None
    runs = {run.name: run for run in listing.runs}
    wanted = st.query_params.get("run")
    if wanted is not None and wanted not in runs:
        st.warning(f"There is no run named `{wanted}`. This is the newest one.")
        wanted = None
    names = list(runs)
    chosen = st.selectbox(
        "Run",
        names,
        index=names.index(wanted) if wanted else 0,
        format_func=lambda name: describe(runs[name]),
    )
    if chosen != wanted and (wanted is not None or chosen != names[0]):
        st.query_params["run"] = chosen
    return runs[chosen]


def describe(run: Run) -> str:
    """A run in a line: preset, time, accuracy, data set."""
    title = run_title(run.name)
    return f"{title[0].upper()}{title[1:]} · {run.metrics.accuracy:.2%} on {TITLES[run.config.data]}"
