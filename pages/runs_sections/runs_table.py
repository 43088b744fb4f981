"""The table of all runs; which rows are selected stands in the page's address."""

import zlib
from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.runs.notes import note_of
from digit_core.runs.presets import PRESETS
from digit_core.runs.run import Listing, Run
from pages.components import url_state
from pages.components.run_picker import names_in
from pages.components.titles import markdown

_ADDRESS, _VISIT = "runs_address", "runs_visit"
_NUMBER = st.column_config.NumberColumn
_COLUMNS = {
    "run": st.column_config.TextColumn("Run", pinned=True, width="medium"),
    "reads": st.column_config.TextColumn("Reads", width="small", help="Which run reads what is drawn."),
    "accuracy": _NUMBER("Test accuracy", format="%.2f%%"),
    "data": "Data",
    "preset": "Preset",
    "loss": _NUMBER("Test loss", format="%.4f"),
    "parameters": _NUMBER("Parameters", format="localized"),
    "epochs": _NUMBER("Epochs"),
    "seconds": _NUMBER("Training time", format="%.1f s"),
    "created": st.column_config.DatetimeColumn("Created", format="YYYY-MM-DD HH:mm"),
    "note": st.column_config.TextColumn("Note", width="medium"),
    "name": st.column_config.TextColumn("Folder"),
}


def show(runs: Sequence[Run], titles: dict[str, str], reading: str) -> list[Run]:
    """The table; returns the selected runs in its order."""
    asked_for = url_state.read().get("runs", "")
    if st.session_state.get(_ADDRESS, "") != asked_for:
        # Another address than the table has written: a new table, which begins with what the address says.
        st.session_state[_ADDRESS] = asked_for
        st.session_state[_VISIT] = st.session_state.get(_VISIT, 0) + 1
    names = [run.name for run in runs]
    asked = [names.index(name) for name in names_in(asked_for) if name in names]
    # Rows are selected by number, so with other runs in it, it must be another table: nobody
    # should delete a run because it has moved to the place of another.
    key = f"runs-{st.session_state.get(_VISIT, 0)}-{zlib.crc32(','.join(names).encode())}"
    table = pd.DataFrame([_row(run, titles[run.name], run.name == reading) for run in runs])
    state = st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        column_order=list(_COLUMNS),
        column_config=_COLUMNS,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": asked}},
        key=key,
        alt="All runs",
    )
    selected = [runs[row] for row in sorted(state.selection.rows) if row < len(runs)]
    if {run.name for run in selected} != {names[row] for row in asked}:
        _write_address([run.name for run in selected])
    return selected


def select(names: Sequence[str]) -> None:
    """Begin anew with these runs selected, at the next rerun."""
    st.session_state[_VISIT] = st.session_state.get(_VISIT, 0) + 1
    _write_address(names)


def warn_of_unknown(listing: Listing) -> None:
    """Say which runs in the address are not in the table."""
    known = {run.name for run in listing.runs}
    for name in names_in(url_state.read().get("runs", "")):
        if name in listing.damaged:
            st.warning(f"The run **{markdown(name)}** is damaged; see below.")
        elif name not in known:
            st.warning(f"There is no run named **{markdown(name[:100])}**.")


def _write_address(names: Sequence[str]) -> None:
    st.session_state[_ADDRESS] = ",".join(names)
    url_state.put("runs", ",".join(names) or None)


def _row(run: Run, title: str, reads: bool) -> dict:
    metrics = run.metrics
    return {
        "run": title,
        "reads": "reads now" if reads else "",
        "accuracy": metrics.accuracy * 100,
        "data": TITLES[run.config.data],
        "preset": PRESETS[run.config.preset].title,
        "loss": metrics.loss,
        "parameters": metrics.parameters,
        "epochs": metrics.epochs,
        "seconds": metrics.training_seconds,
        "created": _time(run.environment.created),
        "note": note_of(run.name).text,
        "name": run.name,
    }


def _time(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds)
    except (OverflowError, ValueError, OSError):  # a record that somebody wrote by hand
        return None
