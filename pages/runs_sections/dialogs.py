"""The dialogs of the Runs page: a run's name, note and tags, and the deletion of runs.

Which dialog is open is in the session, so that it stays open when the page reruns meanwhile, for
example because a training ends.
"""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from digit_core.errors import DigitError
from digit_core.jobs.deletion import delete_run, why_not_deletable
from digit_core.runs.notes import LONGEST_TAG, LONGEST_TEXT, LONGEST_TITLE, MOST_TAGS, all_tags, note_of, write_note
from pages.components.noted_errors import noted
from pages.components.titles import default_title, markdown
from pages.runs_sections import runs_table

_OPEN, _MESSAGES = "runs_dialog", "runs_messages"


def open_note(name: str) -> None:
    """Open the dialog for the name, note and tags of a run."""
    st.session_state[_OPEN] = ("note", (name,))


def open_deletion(names: Sequence[str]) -> None:
    """Open the dialog that confirms the deletion of runs."""
    st.session_state[_OPEN] = ("delete", tuple(names))


def show(titles: Mapping[str, str]) -> None:
    """Show the open dialog, if there is one."""
    kind, names = st.session_state.get(_OPEN, (None, ()))
    if kind == "note" and names[0] in titles:
        _note(names[0])
    elif kind == "delete":
        what = "this run" if len(names) == 1 else f"{len(names)} runs"
        st.dialog(f"Delete {what}?", icon=":material/delete:", on_dismiss=_close)(_deletion)(names, titles)


def add_message(kind: Callable[[str], object], message: str) -> None:
    """Show a message in Markdown with `st.success` or `st.error` when the page runs next."""
    st.session_state.setdefault(_MESSAGES, []).append((kind, message))


def show_messages() -> None:
    """Show the messages about the last action, once."""
    for kind, message in st.session_state.pop(_MESSAGES, []):
        kind(message)


def _close() -> None:
    st.session_state.pop(_OPEN, None)


@st.dialog("Name, note and tags", icon=":material/edit:", on_dismiss=_close)
def _note(name: str) -> None:
    note = note_of(name)
    with st.form("note", border=False):
        # Without max_chars, with which Streamlit silently drops a longer text that is pasted.
        title = st.text_input(
            "Name",
            note.title,
            placeholder=default_title(name),
            help=f"At most {LONGEST_TITLE} characters. If empty, the usual name is shown.",
        )
        text = st.text_area("Note", note.text, height=140, help=f"At most {LONGEST_TEXT:,} characters.")
        tags = st.multiselect(
            "Tags",
            sorted({*all_tags(), *note.tags}),
            note.tags,
            accept_new_options=True,
            placeholder="Choose or type tags",
            help=f"To find runs again. At most {MOST_TAGS}, each of at most {LONGEST_TAG} characters.",
        )
        if not st.form_submit_button("Save", type="primary", icon=":material/save:"):
            return
    try:
        write_note(name, title, text, tags)
    except DigitError as error:
        st.error(markdown(noted(error)))
    else:
        _close()
        st.rerun()


def _deletion(names: Sequence[str], titles: Mapping[str, str]) -> None:
    reasons = {name: reason for name in names if (reason := why_not_deletable(name))}
    deletable = [name for name in names if name not in reasons]
    for name, reason in reasons.items():
        st.info(f"**{_title(name, titles)}** cannot be deleted: {reason}.", icon=":material/lock:")
    if deletable:
        st.markdown("\n".join(f"- {_title(name, titles)}" for name in deletable))
        st.markdown("Models, figures, exports and notes are deleted. This cannot be undone.")
    row = st.container(horizontal=True)
    label = "Delete it" if len(deletable) == 1 else f"Delete {len(deletable)} runs"
    if deletable and row.button(label, type="primary", icon=":material/delete_forever:", key="delete_for_good"):
        _delete(deletable, titles)
    if row.button("Keep" if deletable else "Close"):
        _close()
        st.rerun()


def _delete(names: Sequence[str], titles: Mapping[str, str]) -> None:
    deleted = []
    for name in names:
        try:
            delete_run(name)  # which checks again whether it can be deleted
            deleted.append(_title(name, titles))
        except DigitError as error:
            add_message(st.error, markdown(noted(error)))
    if deleted:
        subject = f"**{deleted[0]}** was" if len(deleted) == 1 else f"{len(deleted)} runs were"
        add_message(st.success, f"{subject} deleted.")
    runs_table.select([])
    _close()
    st.rerun()


def _title(name: str, titles: Mapping[str, str]) -> str:
    return markdown(titles.get(name, name))
