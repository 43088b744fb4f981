"""Which images are looked at: the confusion matrix with its options, and boxes that select the same."""

import time

import streamlit as st

from digit_core.runs.run import Predictions
from pages.components import confusion_matrix, filters, image_dialog
from pages.components.filters import View
from pages.components.reserved import reserved

_FORMER, _NUMBER = "matrix_former_digits", "gallery_number"
_BOX, _BOX_WIDTH, _OPTION = 68, 76, 40  # pixels: heights, and the width of a box
_LATE = 2.0  # seconds in which the browser may still send what the boxes said before a click on a cell


def show(predictions: Predictions, view: View, images: str) -> None:
    """The matrix, boxes for digits and number, and options; `images` is the key of the container with the images."""
    count = len(predictions.labels)
    matrix = st.container()
    boxes = reserved("selection-boxes", _BOX).container(horizontal=True, vertical_alignment="bottom", gap="xsmall")
    with reserved("selection-options", _OPTION).container(horizontal=True, gap="medium"):
        normalise = st.toggle("Normalise by row", key="matrix_normalise", help="Per cent of each actual digit's images")
        fade = st.toggle("Fade correct predictions", value=True, key="matrix_dim")
    with matrix:
        confusion_matrix.show(
            predictions,
            "matrix",
            view,
            normalise=normalise,
            fade=fade,
            images=images,
            on_click=lambda true, predicted: _cell_clicked((true, predicted), count),
        )
    with boxes:
        _select_digits(view, count)
    st.caption(confusion_matrix.summary(confusion_matrix.count(predictions)))


def _select_digits(view: View, images: int) -> None:
    """Two boxes that select the same as a click, a third for an image's number, and the way back to all."""
    options = ["any", *range(10)]
    for label, key, digit in (
        ("Actual", "true_digit", view.true),
        ("Predicted", "predicted_digit", view.predicted),
    ):
        st.session_state[key] = "any" if digit is None else digit
        st.selectbox(label, options, key=key, on_change=_digits_selected, args=(images,), width=_BOX_WIDTH)
    st.button(
        "Show all",
        icon=":material/filter_alt_off:",
        on_click=_select,
        args=(None, None, images),
        disabled=view.has_all_digits,
    )
    st.number_input(
        "Image no.",
        0,
        images - 1,
        value=None,
        placeholder="open",
        key=_NUMBER,
        on_change=_number_entered,
        args=(images,),
        width=_BOX_WIDTH,
        help=f"Opens a test image by its number, 0 to {images - 1:,}.",
    )


def _number_entered(images: int) -> None:
    if st.session_state[_NUMBER] is not None:
        image_dialog.open_image(int(st.session_state[_NUMBER]), images)
        st.session_state[_NUMBER] = None


def _cell_clicked(cell: tuple[int, int], images: int) -> None:
    """Select the cell that was clicked, or unselect it if it was selected."""
    view = filters.current_view(images)
    before = view.true, view.predicted
    st.session_state[_FORMER] = time.monotonic(), before
    _select(*((None, None) if cell == before else cell), images)


def _digits_selected(images: int) -> None:
    boxes = map(st.session_state.get, ("true_digit", "predicted_digit"))
    true, predicted = (None if value == "any" else value for value in boxes)
    when, before = st.session_state.get(_FORMER, (0.0, None))
    if (true, predicted) == before and time.monotonic() - when < _LATE:
        return  # sent with a click elsewhere, before the browser had what the click on a cell changed
    _select(true, predicted, images)


def _select(true: int | None, predicted: int | None, images: int) -> None:
    filters.write_view(filters.current_view(images).with_digits(true, predicted))
