"""Import runs from a zip file that *Download* wrote, here or elsewhere; for the owner."""

import streamlit as st

from digit_core.access.actors import Action, is_permitted
from digit_core.errors import DigitError
from digit_core.inference.run_import import import_runs
from digit_core.jobs import retention
from digit_core.runs.zip_import import MOST_PACKED
from pages.components.noted_errors import noted
from pages.components.titles import markdown, run_markdown
from pages.runs_sections import dialogs


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
        st.form("import-runs", border=False, clear_on_submit=True),
    ):
        file = st.file_uploader(
            "A zip file that *Download* wrote", type="zip", max_upload_size=MOST_PACKED // 1_000_000, key="runs-zip"
        )
        st.caption("Its model is checked before it is kept. It is not made active.")
        pressed = st.form_submit_button("Import", icon=":material/upload:", width="stretch")
        if pressed and file is None:
            st.error(f"Choose a zip file of at most {MOST_PACKED // 1_000_000} MB first.")
        elif pressed:
            _import(file)


def _import(file) -> None:
    try:
        with st.spinner("Checking the run"):
            imported = import_runs(file)
            gone = retention.enforce(keep=imported[-1].name)
    except DigitError as error:
        st.error(markdown(noted(error)))
        return
    titles = ", ".join(f"**{run_markdown(run.name)}**" for run in imported)
    dialogs.add_message(st.success, f"{titles} {'was' if len(imported) == 1 else 'were'} imported. {gone}")
    st.rerun()
