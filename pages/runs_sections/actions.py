"""What can be done with runs: let one read, name it, look at it, compare, download and delete."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from digit_core.errors import DigitError
from digit_core.runs.active_run import read_active
from digit_core.runs.notes import note_of
from digit_core.runs.run import SHIPPED, Run
from digit_core.runs.zip_archive import archive_name, unpacked_size, write_archive
from digit_core.storage.files import storage_errors
from pages.components.cached import activate_if_usable
from pages.components.titles import markdown, run_markdown
from pages.runs_sections import dialogs

_MOST_BYTES = 60_000_000  # of several runs; a download passes through the app's memory, several times
_DAMAGED_SHOWN = 20


def show(selected: Sequence[Run], titles: Mapping[str, str]) -> None:
    """The buttons for the selected runs, and the note of a single one."""
    if not selected:
        st.caption(
            "Select rows at the left edge of the table to let a run read, to name, compare, download or delete runs. "
            "A click on a column's head sorts."
        )
        return
    only = selected[0] if len(selected) == 1 else None
    st.markdown(f"**{markdown(titles[only.name])}**" if only else f"**{len(selected)} runs** selected")
    row = st.container(horizontal=True)
    if only:
        _buttons_for_one(row, only)
    if row.button(
        "Compare",
        icon=":material/compare_arrows:",
        disabled=len(selected) < 2,
        help="Select two runs or more to compare them." if only else None,
        key="leave-to-compare",
    ):
        st.switch_page("pages/compare.py", query_params={"runs": ",".join(run.name for run in selected)})
    _download(row, selected)
    if row.button("Delete", icon=":material/delete:"):
        dialogs.ask_to_delete([run.name for run in selected])
    if only and (note := note_of(only.name).text):
        st.caption("Note")
        st.text(note)


def offer_to_delete_damaged(damaged: Mapping[str, str]) -> None:
    """The runs that cannot be opened, why, and a way to be rid of them."""
    if not damaged:
        return
    st.subheader("Damaged runs", anchor=False)
    st.caption("They cannot be opened and are left out everywhere else.")
    for name, reason in list(damaged.items())[:_DAMAGED_SHOWN]:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{markdown(name)}**: {markdown(reason)}", width="stretch")
            if name != SHIPPED and st.button("Delete", icon=":material/delete:", key=f"delete-{name}"):
                dialogs.ask_to_delete([name])
    if len(damaged) > _DAMAGED_SHOWN:
        st.caption(f"… and {len(damaged) - _DAMAGED_SHOWN} more, which are shown when these are gone.")


def _buttons_for_one(row: DeltaGenerator, run: Run) -> None:
    reads = read_active().run == run.name
    if row.button(
        "Read with this run",
        type="primary",
        icon=":material/draw:",
        disabled=reads,
        help="It is the one that reads." if reads else None,
    ):
        try:
            activate_if_usable(run.name)
            dialogs.say(True, f"From now on **{run_markdown(run.name)}** reads.")
        except DigitError as error:
            dialogs.say(False, markdown(str(error)))
        st.rerun()
    if row.button("Name and note", icon=":material/edit:"):
        dialogs.ask_for_note(run.name)
    if row.button("Results", icon=":material/monitoring:", key="leave-to-results"):
        st.switch_page("pages/results.py", query_params={"run": run.name})


def _download(row: DeltaGenerator, selected: Sequence[Run]) -> None:
    size = unpacked_size(selected)
    too_large = len(selected) > 1 and size > _MOST_BYTES
    row.download_button(
        "Download",
        lambda: packed(selected),  # only when somebody wants it
        file_name=archive_name(selected),
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
        disabled=too_large,
        help=f"Select fewer: these have {size / 1e6:,.0f} MB, at most {_MOST_BYTES / 1e6:,.0f} MB are packed at once."
        if too_large
        else "Everything of a run in a zip file.",
        key="download_runs",
    )


def packed(runs: Sequence[Run]) -> bytes:
    """The runs in a zip file. Raises UnknownRun, DamagedRun or StorageError."""
    with storage_errors(Path(tempfile.gettempdir())), tempfile.TemporaryFile() as file:
        write_archive(runs, file)
        file.seek(0)
        return file.read()
