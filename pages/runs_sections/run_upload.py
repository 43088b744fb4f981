"""Import runs from a zip file that *Download* wrote, here or elsewhere; for the owner."""

import time

import streamlit as st

from digit_core.access.actors import Action, is_permitted
from digit_core.errors import DigitError
from digit_core.inference.run_import import import_runs
from digit_core.jobs import retention
from digit_core.runs.zip_import import MOST_PACKED
from pages.components.noted_errors import noted
from pages.components.titles import markdown, run_markdown
from pages.runs_sections import dialogs

_ANSWER = "import_answer"  # in a session
_IMPORTED = "imported"  # in a session: how many times, for an uploader that is empty again
_DOUBLE_CLICK = 3.0  # seconds after an answer


def show() -> None:
    """A popover with an uploader; disabled for visitors."""
    permitted = is_permitted(Action.IMPORT)
    with (
        st.popover(
            "Import run",
            icon=":material/upload:",
            disabled=not permitted,
            help=None if permitted else "Only the owner may import runs.",
        ),
        # Not cleared when submitted: a second click ends the first click's run, and needs the file.
        st.form("import-runs", border=False),
    ):
        file = st.file_uploader(
            "A zip file that *Download* wrote",
            type="zip",
            max_upload_size=MOST_PACKED // 1_000_000,
            key=f"runs-zip-{st.session_state.get(_IMPORTED, 0)}",
        )
        st.caption("Its model is checked before it is kept. It is not made active.")
        pressed = st.form_submit_button("Import", icon=":material/upload:", width="stretch")
        if pressed and file is None:
            _answer_again()
        elif pressed:
            _import(file)


def _import(file) -> None:
    with st.spinner("Checking the run"):
        try:
            imported = import_runs(file)
            gone = retention.enforce(keep=imported[-1].name)
        except DigitError as error:
            kind, text = st.error, markdown(noted(error))
        else:
            titles = ", ".join(f"**{run_markdown(run.name)}**" for run in imported)
            kind, text = st.success, f"{titles} {'was' if len(imported) == 1 else 'were'} imported. {gone}"
            dialogs.add_message(kind, text)
            st.session_state[_IMPORTED] = st.session_state.get(_IMPORTED, 0) + 1
        # Within the spinner: a second click ends this run as soon as that changes the page.
        st.session_state[_ANSWER] = kind, text, time.monotonic()
    if kind is st.success:
        st.rerun()
    kind(text)


def _answer_again() -> None:
    """The second click of a double click finds the file imported; it gets the answer of the first."""
    kind, text, when = st.session_state.get(_ANSWER, (st.error, "", -_DOUBLE_CLICK))
    if time.monotonic() - when < _DOUBLE_CLICK:
        kind(text)
    else:
        st.error(f"Choose a zip file of at most {MOST_PACKED // 1_000_000} MB first.")
