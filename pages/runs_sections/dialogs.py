"""What the Runs page asks: a run's name and note, and whether runs may be deleted.

Which dialog is open stands in the session, so that it stays open when the page is drawn anew
meanwhile, as when a training ends.
"""

from collections.abc import Mapping, Sequence

import streamlit as st

from digit_core.errors import DigitError
from digit_core.jobs.deletion import delete_run, why_not_deletable
from digit_core.runs.notes import LONGEST_TEXT, LONGEST_TITLE, note_of, write_note
from pages.components.titles import markdown, usual_title
from pages.runs_sections import runs_table

_OPEN, _SAID = "runs_dialog", "runs_said"


def ask_for_note(name: str) -> None:
    """Open the dialog for the name and note of a run."""
    st.session_state[_OPEN] = ("note", (name,))


def ask_to_delete(names: Sequence[str]) -> None:
    """Open the dialog that asks whether these runs may be deleted."""
    st.session_state[_OPEN] = ("delete", tuple(names))


def show(titles: Mapping[str, str]) -> None:
    """The dialog that is open, if one is."""
    kind, names = st.session_state.get(_OPEN, (None, ()))
    if kind == "note" and names[0] in titles:
        _note(names[0])
    elif kind == "delete":
        what = "this run" if len(names) == 1 else f"{len(names)} runs"
        st.dialog(f"Delete {what}?", icon=":material/delete:", on_dismiss=_close)(_deletion)(names, titles)


def say(good: bool, sentence: str) -> None:
    """Have this said, in Markdown, when the page is shown next."""
    st.session_state.setdefault(_SAID, []).append((good, sentence))


def say_what_was_done() -> None:
    """What the last action came to, once."""
    for good, sentence in st.session_state.pop(_SAID, []):
        (st.success if good else st.error)(sentence)


def _close() -> None:
    st.session_state.pop(_OPEN, None)


@st.dialog("Name and note", icon=":material/edit:", on_dismiss=_close)
def _note(name: str) -> None:
    note = note_of(name)
    with st.form("note", border=False):
        title = st.text_input(
            "Name",
            note.title,
            # Without max_chars: Streamlit drops a longer text that is pasted, and says nothing.
            placeholder=usual_title(name),
            help=f"Shown instead of the usual name, at most {LONGEST_TITLE} characters; "
            "left empty, the usual one is shown.",
        )
        text = st.text_area("Note", note.text, height=140, help=f"At most {LONGEST_TEXT:,} characters.")
        if not st.form_submit_button("Save", type="primary", icon=":material/save:"):
            return
    try:
        write_note(name, title, text)
    except DigitError as error:
        st.error(markdown(str(error)))
    else:
        _close()
        st.rerun()


def _deletion(names: Sequence[str], titles: Mapping[str, str]) -> None:
    kept = {name: reason for name in names if (reason := why_not_deletable(name))}
    doomed = [name for name in names if name not in kept]
    for name, reason in kept.items():
        st.info(f"**{_called(name, titles)}** stays: {reason}.", icon=":material/lock:")
    if doomed:
        st.markdown("\n".join(f"- {_called(name, titles)}" for name in doomed))
        st.markdown("Models, figures, exports and notes are deleted for good; nothing brings them back.")
    row = st.container(horizontal=True)
    sure = "Delete it" if len(doomed) == 1 else f"Delete {len(doomed)} runs"
    if doomed and row.button(sure, type="primary", icon=":material/delete_forever:", key="delete_for_good"):
        _delete(doomed, titles)
    if row.button("Keep" if doomed else "Close"):
        _close()
        st.rerun()


def _delete(names: Sequence[str], titles: Mapping[str, str]) -> None:
    """Whether a run may go is asked again for each: much can happen before somebody confirms."""
    gone = []
    for name in names:
        try:
            delete_run(name)
            gone.append(_called(name, titles))
        except DigitError as error:
            say(False, markdown(str(error)))
    if gone:
        say(True, f"**{gone[0]}** was deleted." if len(gone) == 1 else f"{len(gone)} runs were deleted.")
    runs_table.select([])
    _close()
    st.rerun()


def _called(name: str, titles: Mapping[str, str]) -> str:
    return markdown(titles.get(name, name))
