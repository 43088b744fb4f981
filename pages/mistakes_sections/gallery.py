"""The gallery of the images that match the view: its controls, and a click that opens an image."""

from dataclasses import replace

import numpy as np
import streamlit as st

from digit_core.runs.run import Predictions
from pages.components import filters, image_grid
from pages.components.filters import SHOWN, SORTS, with_article

_SHOW, _SORT, _NUMBER, _OPENED = "gallery_show", "gallery_sort", "gallery_number", "gallery_opened"


@st.fragment
def show(predictions: Predictions, images: np.ndarray) -> None:
    """The controls and the matching test images; only this part of the page reruns for either."""
    _controls(len(images))
    if st.session_state.pop(_OPENED, False):
        st.rerun()  # the whole page: the open image is shown outside this fragment
    image_grid.show(
        filters.matching_images(filters.current_view(len(images)), predictions),
        lambda index: _card(index, predictions, images[index]),
        "gallery",
        on_open=lambda index: open_image(index, len(images)),
    )


def open_image(index: int | None, images: int) -> None:
    """Open one of so many images, or none, by the address."""
    if index is None or 0 <= index < images:  # a browser may send anything
        filters.write_view(replace(filters.current_view(images), image=index))


def _card(index: int, predictions: Predictions, image: np.ndarray) -> image_grid.Card:
    label, predicted = int(predictions.labels[index]), int(predictions.predicted[index])
    sure = f"{predictions.probabilities[index, predicted]:.1%} sure"
    return image_grid.Card(
        image,
        f"Test image {index}: {with_article(label)}, predicted as {predicted}, {sure}",
        f"<b>{label}</b> predicted as <b>{predicted}</b><br>{sure}<br><span class=more>no. {index}</span>",
    )


def _controls(images: int) -> None:
    view = filters.current_view(images)
    st.session_state[_SHOW], st.session_state[_SORT] = view.show, view.sort

    def change() -> None:
        changed = filters.current_view(images).with_show(st.session_state[_SHOW])
        filters.write_view(replace(changed, sort=st.session_state[_SORT]))

    def open_number() -> None:
        if st.session_state[_NUMBER] is not None:
            open_image(int(st.session_state[_NUMBER]), images)
            st.session_state[_NUMBER], st.session_state[_OPENED] = None, True

    row = st.container(horizontal=True, vertical_alignment="bottom")
    row.segmented_control("Show", list(SHOWN), format_func=SHOWN.get, key=_SHOW, required=True, on_change=change)
    row.selectbox("Order", list(SORTS), format_func=SORTS.get, key=_SORT, on_change=change, width=230)
    row.number_input(
        f"Image number, 0 to {images - 1:,}",
        0,
        images - 1,
        value=None,
        placeholder="open image",
        key=_NUMBER,
        on_change=open_number,
        width=200,
    )
