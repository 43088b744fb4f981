"""What can be done with the selected runs: activate, name, compare, download and delete them."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from digit_core.access.actors import Action, acting_as, current_actor, is_permitted
from digit_core.errors import DigitError
from digit_core.runs.active_run import read_active
from digit_core.runs.notes import Note, note_of
from digit_core.runs.run import SHIPPED, Run
from digit_core.runs.zip_archive import archive_name, unpacked_size, write_archive
from digit_core.storage.files import storage_errors
from pages.components.cached import activate_if_usable
from pages.components.noted_errors import noted
from pages.components.titles import markdown, run_markdown
from pages.runs_sections import dialogs

_MOST_BYTES = 60_000_000  # of several runs; a download passes through the app's memory, several times
_DAMAGED_SHOWN = 20


def show(selected: Sequence[Run], titles: Mapping[str, str]) -> None:
    """The buttons for the selected runs that the person may use, and the note of a single one."""
    if not selected:
        can = "activate, name, compare, download or delete" if is_permitted(Action.DELETE) else "compare"
        st.caption(f"Select rows at the left edge of the table to {can} runs. Click a column header to sort.")
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
        help="Select two or more runs to compare them." if only else None,
        key="leave-to-compare",
    ):
        st.switch_page("pages/compare.py", query_params={"runs": ",".join(run.name for run in selected)})
    if is_permitted(Action.DOWNLOAD):
        _download(row, selected)
    if is_permitted(Action.DELETE) and row.button("Delete", icon=":material/delete:", key="delete-selected"):
        dialogs.open_deletion([run.name for run in selected])
    note = note_of(only.name) if only else Note()
    if note.tags:
        st.markdown(" ".join(f":blue-badge[{markdown(tag)}]" for tag in note.tags))
    if note.text:
        st.caption("Note")
        st.text(note.text)


def offer_to_delete_damaged(damaged: Mapping[str, str]) -> None:
    """The runs that cannot be opened, why, and for the owner a button to delete each."""
    if not damaged:
        return
    st.subheader("Damaged runs", anchor=False)
    st.caption("They cannot be opened, so no other page shows them.")
    for name, reason in list(damaged.items())[:_DAMAGED_SHOWN]:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{markdown(name)}**: {markdown(reason)}", width="stretch")
            can_delete = name != SHIPPED and is_permitted(Action.DELETE)
            if can_delete and st.button("Delete", icon=":material/delete:", key=f"delete-{name}"):
                dialogs.open_deletion([name])
    if len(damaged) > _DAMAGED_SHOWN:
        st.caption(f"… and {len(damaged) - _DAMAGED_SHOWN} more")


def _buttons_for_one(row: DeltaGenerator, run: Run) -> None:
    is_active = read_active().run == run.name
    if is_permitted(Action.ACTIVATE) and row.button(
        "Make active",
        type="primary",
        icon=":material/draw:",
        disabled=is_active,
        help="It is the active model." if is_active else None,
    ):
        try:
            activate_if_usable(run.name)
            dialogs.add_message(st.success, f"**{run_markdown(run.name)}** is now the active model.")
        except DigitError as error:
            dialogs.add_message(st.error, markdown(noted(error)))
        st.rerun()
    if is_permitted(Action.EDIT) and row.button("Edit", icon=":material/edit:", help="Name, note and tags"):
        dialogs.open_note(run.name)
    if row.button("Results", icon=":material/monitoring:", key="leave-to-results"):
        st.switch_page("pages/results.py", query_params={"run": run.name})


def _download(row: DeltaGenerator, selected: Sequence[Run]) -> None:
    size = unpacked_size(selected)
    too_large = len(selected) > 1 and size > _MOST_BYTES
    actor = current_actor()  # the zip is made when the button is pressed, in a thread that belongs to no session

    def packed() -> bytes:
        with acting_as(actor):
            return zip_bytes(selected)

    row.download_button(
        "Download",
        packed,
        file_name=archive_name(selected),
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
        disabled=too_large,
        help=f"These are {size / 1e6:,.0f} MB, and at most {_MOST_BYTES / 1e6:,.0f} MB can be downloaded at once. "
        "Select fewer runs."
        if too_large
        else "The whole run as a zip file.",
        key="download_runs",
    )


def zip_bytes(runs: Sequence[Run]) -> bytes:
    """The runs in a zip file. Raises UnknownRun, DamagedRun or StorageError."""
    with storage_errors(Path(tempfile.gettempdir())), tempfile.TemporaryFile() as file:
        write_archive(runs, file)
        file.seek(0)
        return file.read()
