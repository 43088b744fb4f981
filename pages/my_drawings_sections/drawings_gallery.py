"""The drawings that match, as cards; a click opens one, to relabel it, to delete it or to draw on."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

import numpy as np
import streamlit as st

from digit_core.drawings import store
from digit_core.drawings.labelled import LABELS
from digit_core.drawings.store import StoredDrawing
from digit_core.errors import DigitError
from pages.components import canvas, image_grid, labels
from pages.components.image_html import picture
from pages.components.noted_errors import noted
from pages.components.percentages import probability
from pages.components.titles import markdown, run_markdown
from pages.my_drawings_sections.drawings_filter import label_title

_SIZE = 224  # pixels, an open drawing
_OPEN = "my-open"  # in a session: its id


def show(drawings: Sequence[StoredDrawing]) -> None:
    """The cards, and the deletion of all that match."""
    image_grid.show(
        np.arange(len(drawings)),
        lambda place: _card(drawings[place]),
        "my-drawings",
        on_open=lambda place: st.session_state.update({_OPEN: drawings[place].id}),
    )
    opened = st.session_state.get(_OPEN)  # until it is closed: another run of the page does not close it
    if found := next((drawing for drawing in drawings if drawing.id == opened), None):
        _open(found)
    if drawings:
        with st.popover(f"Delete {_count(len(drawings))}", icon=":material/delete:"):
            st.write(f"Delete {_count(len(drawings))} for good, with their labels?")
            if st.button("Delete them", type="primary", key="delete-all-shown"):
                _delete([drawing.id for drawing in drawings])


def _count(count: int) -> str:
    return "the drawing shown" if count == 1 else f"the {count:,} drawings shown"


def _card(drawing: StoredDrawing) -> image_grid.Card:
    image = store.model_inputs([drawing.id]).get(drawing.id)
    label, said = label_title(drawing.label), _predicted(drawing)
    mark = {True: "✓", False: "✗", None: ""}[drawing.is_right]
    return image_grid.Card(
        image,
        f"Drawing of {_when(drawing)}: {label}, predicted: {said}",
        f"<b>{escape(label)}</b> {mark}<br>predicted {escape(said)}<br><span class=more>{_when(drawing)}</span>",
    )


def _predicted(drawing: StoredDrawing) -> str:
    return f"{drawing.predicted}, {probability(drawing.confidence)}" if drawing.is_digit else "not a digit"


def _when(drawing: StoredDrawing) -> str:
    return datetime.fromtimestamp(drawing.created).strftime("%d %b, %H:%M")


def _close() -> None:
    st.session_state.pop(_OPEN, None)


@st.dialog("Drawing", on_dismiss=_close)
def _open(drawing: StoredDrawing) -> None:
    image = store.model_inputs([drawing.id]).get(drawing.id)
    if image is None:
        st.info("It was deleted.")
        return
    st.html(picture(image, _SIZE, f"Your drawing, labelled {label_title(drawing.label)}"))
    st.markdown(f"Predicted **{_predicted(drawing)}** by {run_markdown(drawing.run)}, {_when(drawing)}")
    label = st.segmented_control("Label", list(LABELS), format_func=label_title, default=drawing.label, key="my-label")
    if label != drawing.label:
        try:
            labels.relabel(drawing.id, label)
        except DigitError as error:
            st.error(markdown(noted(error)))
            return
        st.rerun()
    row = st.container(horizontal=True)
    if row.button("Put it on the canvas", icon=":material/draw:"):
        _close()
        canvas.put_picture(image, "one of your drawings")
        st.switch_page("pages/draw.py")
    if row.button("Delete", icon=":material/delete:", key="delete-drawing"):
        _delete([drawing.id])


def _delete(ids: list[str]) -> None:
    try:
        store.delete(labels.owner(), ids)
    except DigitError as error:
        st.error(markdown(noted(error)))
        return
    _close()
    labels.forget()
    st.toast(f"{'1 drawing' if len(ids) == 1 else f'{len(ids):,} drawings'} deleted.", icon=":material/delete:")
    st.rerun()
