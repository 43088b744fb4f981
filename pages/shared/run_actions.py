"""What can be done with runs: let one read, name it, look at it, compare, download and delete."""

import io
from collections.abc import Mapping, Sequence

import streamlit as st

from digit_core.errors import DigitError
from digit_core.records.archive import archive_name, unpacked_size, write_archive
from digit_core.records.deletion import delete_run, why_kept
from digit_core.records.notes import LONGEST_TEXT, LONGEST_TITLE, note_of, write_note
from digit_core.records.runs import SHIPPED, Run
from digit_core.records.served import serve, served
from pages.shared import run_table
from pages.shared.names import markdown, run_markdown, usual_title

_MOST_BYTES = 300_000_000  # a download passes through the app's memory
_SAID = "runs_said"
_DAMAGED_SHOWN = 20


def show(selected: Sequence[Run], titles: dict[str, str]) -> None:
    """The buttons for the selected runs, and the note of a single one."""
    if not selected:
        st.caption(
            "Select rows at the left edge of the table to let a run read, to name, compare, download or delete runs. "
            "A click on a column's head sorts."
        )
        return
    only = selected[0] if len(selected) == 1 else None
    what = f"**{markdown(titles[only.name])}**" if only else f"**{len(selected)} runs** selected"
    st.markdown(what)
    row = st.container(horizontal=True)
    if only:
        _buttons_for_one(row, only)
    if row.button(
        "Compare",
        icon=":material/compare_arrows:",
        disabled=len(selected) < 2,
        help="Select two runs or more to compare them." if only else None,
    ):
        st.switch_page("pages/compare.py", query_params={"runs": ",".join(run.name for run in selected)})
    _download(row, selected)
    if row.button("Delete", icon=":material/delete:"):
        _ask_to_delete([run.name for run in selected], titles)
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
                _ask_to_delete([name], {})
    if len(damaged) > _DAMAGED_SHOWN:
        st.caption(f"… and {len(damaged) - _DAMAGED_SHOWN} more, which are shown when these are gone.")


def say_what_was_done() -> None:
    """What the last action came to, once."""
    for good, sentence in st.session_state.pop(_SAID, []):
        (st.success if good else st.error)(sentence)


def _buttons_for_one(row, run: Run) -> None:
    reads = served().run == run.name
    if row.button(
        "Read with this run",
        type="primary",
        icon=":material/draw:",
        disabled=reads,
        help="It is the one that reads." if reads else None,
    ):
        _attempt(lambda: serve(run.name), f"From now on **{run_markdown(run.name)}** reads.")
    if row.button("Name and note", icon=":material/edit:"):
        _edit(run)
    if row.button("Results", icon=":material/monitoring:"):
        st.switch_page("pages/results.py", query_params={"run": run.name})


def _download(row, selected: Sequence[Run]) -> None:
    size = unpacked_size(selected)
    too_large = size > _MOST_BYTES
    row.download_button(
        "Download",
        lambda: _packed(selected),
        file_name=archive_name(selected),
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
        disabled=too_large,
        help=f"These runs have {size / 1e6:,.0f} MB, at most {_MOST_BYTES / 1e6:,.0f} MB can be packed at once."
        if too_large
        else "Everything of a run in a zip file.",
        key="download_runs",
    )


def _packed(runs: Sequence[Run]) -> bytes:
    file = io.BytesIO()
    write_archive(runs, file)
    return file.getvalue()


@st.dialog("Name and note", icon=":material/edit:")
def _edit(run: Run) -> None:
    note = note_of(run.name)
    with st.form("note", border=False):
        title = st.text_input(
            "Name",
            note.title,
            max_chars=LONGEST_TITLE,
            placeholder=usual_title(run.name),
            help="Shown instead of the usual name; left empty, the usual one is shown.",
        )
        text = st.text_area("Note", note.text, max_chars=LONGEST_TEXT, height=140)
        if not st.form_submit_button("Save", type="primary", icon=":material/save:"):
            return
    try:
        write_note(run.name, title, text)
    except DigitError as error:
        st.error(markdown(str(error)))
    else:
        st.rerun()


def _ask_to_delete(names: Sequence[str], titles: dict[str, str]) -> None:
    what = "this run" if len(names) == 1 else f"{len(names)} runs"
    st.dialog(f"Delete {what}?", icon=":material/delete:")(_deletion)(names, titles)


def _deletion(names: Sequence[str], titles: dict[str, str]) -> None:
    kept = {name: reason for name in names if (reason := why_kept(name))}
    doomed = [name for name in names if name not in kept]
    for name, reason in kept.items():
        st.info(f"**{_called(name, titles)}** stays: {reason}.", icon=":material/lock:")
    if doomed:
        st.markdown("\n".join(f"- {_called(name, titles)}" for name in doomed))
        st.markdown("Models, figures, exports and notes are deleted for good; nothing brings them back.")
    row = st.container(horizontal=True)
    count = "Delete it" if len(doomed) == 1 else f"Delete {len(doomed)} runs"
    if doomed and row.button(count, type="primary", icon=":material/delete_forever:"):
        _delete(doomed, titles)
    if row.button("Keep" if doomed else "Close"):
        st.rerun()


def _delete(names: Sequence[str], titles: dict[str, str]) -> None:
    """Whether a run may go is asked again for each: much can happen before somebody confirms."""
    said, gone = [], []
    for name in names:
        try:
            delete_run(name)
            gone.append(_called(name, titles))
        except DigitError as error:
            said.append((False, markdown(str(error))))
    if gone:
        what = f"**{gone[0]}** was deleted." if len(gone) == 1 else f"{len(gone)} runs were deleted."
        said.insert(0, (True, what))
    st.session_state[_SAID] = said
    run_table.select([])
    st.rerun()


def _called(name: str, titles: dict[str, str]) -> str:
    return markdown(titles.get(name, name))


def _attempt(action, done: str) -> None:
    try:
        action()
        st.session_state[_SAID] = [(True, done)]
    except DigitError as error:
        st.session_state[_SAID] = [(False, markdown(str(error)))]
    st.rerun()
