"""The table of all runs; which rows are selected is in the page's address."""

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
from pages.components.reserved import reserved, table_height
from pages.components.run_picker import names_in
from pages.components.titles import duration, markdown

_ADDRESS, _REVISION = "runs_address", "runs_revision"
_NUMBER = st.column_config.NumberColumn
_COLUMNS = {
    "run": st.column_config.TextColumn("Run", width=175),
    "active": st.column_config.TextColumn("Active", width=60, help="The model that predicts what is drawn."),
    "accuracy": _NUMBER("Accuracy", format="%.2f%%", width=100, help="On the test images of the data set."),
    "data": st.column_config.TextColumn("Data", width=140),
    "created": st.column_config.DatetimeColumn("Created", format="YYYY-MM-DD HH:mm", width=140),
    "note": st.column_config.TextColumn("Note", width="medium"),
    "tags": st.column_config.ListColumn("Tags", width="small"),
}
_MORE_COLUMNS = {
    "run": st.column_config.TextColumn("Run", pinned=True, width=175),  # in grey, but in sight of the last column
    "preset": st.column_config.TextColumn("Preset", width=100),
    "seed": _NUMBER("Seed", width=70),
    "loss": _NUMBER("Test loss", format="%.4f", width=90),
    "parameters": _NUMBER("Parameters", format="localized", width=100),
    "epochs": _NUMBER("Epochs", width=80),
    "seconds": _NUMBER("Training time", width=110),  # as text, sorted by seconds
    "name": st.column_config.TextColumn("Folder"),
}


def show(runs: Sequence[Run], titles: dict[str, str], active: str, *, more: bool) -> list[Run]:
    """The table, with all columns or the most important ones; returns the selected runs in its order."""
    address = url_state.read().get("runs", "")
    if st.session_state.get(_ADDRESS, "") != address:
        # Not written by this table: a new table, which begins with the selection in the address.
        st.session_state[_ADDRESS] = address
        _renew()
    names = [run.name for run in runs]
    in_address = [names.index(name) for name in names_in(address) if name in names]
    # Rows are selected by number, so with other runs it must be another table: otherwise a run
    # could be deleted that has moved to the place of another.
    key = f"runs-{st.session_state.get(_REVISION, 0)}-{zlib.crc32(','.join(names).encode())}"
    table = pd.DataFrame([_row(run, titles[run.name], run.name == active) for run in runs])
    columns = _COLUMNS | (_MORE_COLUMNS if more else {})
    if not table["tags"].map(len).any():
        columns = {name: column for name, column in columns.items() if name != "tags"}
    state = reserved("runs_table", table_height(len(names))).dataframe(
        table.style.format({"seconds": duration}) if more else table,
        hide_index=True,
        width="stretch",
        column_order=list(columns),
        column_config=columns,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": in_address}},
        key=key,
        alt="All runs",
    )
    rows = sorted(row for row in state.selection.rows if row < len(runs))
    if rows != sorted(in_address):
        _write_address([names[row] for row in rows])
    return [runs[row] for row in rows]


def select(names: Sequence[str]) -> None:
    """Show a new table with these runs selected at the next rerun."""
    _renew()
    _write_address(names)


def warn_of_unknown(listing: Listing) -> None:
    """Warn of runs in the address that are not in the table."""
    names = {run.name for run in listing.runs}
    for name in names_in(url_state.read().get("runs", "")):
        if name in listing.damaged:
            st.warning(f"The run **{markdown(name)}** is damaged; see below.")
        elif name not in names:
            st.warning(
                f"There is no run named **{markdown(name[:100])}**, which is in the address; it may have been deleted."
            )


def _renew() -> None:
    st.session_state[_REVISION] = st.session_state.get(_REVISION, 0) + 1


def _write_address(names: Sequence[str]) -> None:
    st.session_state[_ADDRESS] = ",".join(names)
    url_state.put("runs", ",".join(names) or None)


def _row(run: Run, title: str, is_active: bool) -> dict:
    metrics, note = run.metrics, note_of(run.name)
    return {
        "run": title,
        "active": "active" if is_active else "",
        "accuracy": metrics.accuracy * 100,
        "data": TITLES[run.config.data],
        "preset": PRESETS[run.config.preset].title,
        "loss": metrics.loss,
        "parameters": metrics.parameters,
        "epochs": metrics.epochs,
        "seconds": metrics.training_seconds,
        "created": _time(run.environment.created),
        "note": note.text,
        "tags": list(note.tags),
        "seed": run.config.seed,
        "name": run.name,
    }


def _time(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds)
    except (OverflowError, ValueError, OSError):  # in a record that was edited by hand
        return None
