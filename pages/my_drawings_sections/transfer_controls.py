"""Export and import of one's labelled drawings."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from digit_core.drawings import store, transfer
from digit_core.drawings.importing import import_drawings
from digit_core.drawings.store import StoredDrawing
from digit_core.errors import DigitError
from pages.components import labels
from pages.components.cached import active_recognizer
from pages.components.noted_errors import noted
from pages.components.titles import markdown

_TOLD = "import_told"


def show(drawings: Sequence[StoredDrawing]) -> None:
    """A popover for each; `drawings` are all that the person has."""
    row = st.container(horizontal=True)
    if labelled := [drawing for drawing in drawings if drawing.label is not None]:
        with row.popover("Export", icon=":material/download:"):
            st.caption(f"All {len(labelled):,} labelled drawings, as 28 × 28 pixels. Label 10 is “not a digit”.")
            for title, (name, convert) in transfer.EXPORTS.items():
                st.download_button(title, _exporter(labelled, convert), name, on_click="ignore", width="stretch")
    importer = row.popover("Import", icon=":material/upload:")
    with importer.form("import-drawings", border=False, clear_on_submit=True):
        file = st.file_uploader("An exported file: .npz, or .zip with IDX or PNG files", type=["npz", "zip"])
        if st.form_submit_button("Import", icon=":material/upload:", width="stretch"):
            _import(file)
    if told := st.session_state.pop(_TOLD, None):
        st.toast(told, icon=":material/upload:")


def _exporter(
    drawings: Sequence[StoredDrawing], convert: Callable[[transfer.Collection], bytes]
) -> Callable[[], bytes]:
    def export() -> bytes:
        images = store.model_inputs([drawing.id for drawing in drawings])
        kept = [drawing for drawing in drawings if drawing.id in images]
        stacked = np.array([images[drawing.id] for drawing in kept], np.uint8).reshape(-1, 28, 28)
        return convert(transfer.Collection(stacked, np.array([drawing.label for drawing in kept], np.int64)))

    return export


def _import(file) -> None:
    if file is None:
        st.error("Choose a file first.")
        return
    try:
        collection = transfer.read_untrusted(file.getvalue())
        recognizer, _ = active_recognizer()
        with st.spinner(f"Importing {len(collection.labels):,} drawings"):
            added = import_drawings(collection, labels.owner(), recognizer)
    except DigitError as error:
        st.error(markdown(noted(error)))
        return
    labels.forget()
    known = len(collection.labels) - added
    st.session_state[_TOLD] = f"{added:,} drawings imported" + (f", {known:,} were here already." if known else ".")
    st.rerun()
