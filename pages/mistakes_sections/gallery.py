"""The gallery of the images that match the view: its controls, and a click that opens an image."""

from dataclasses import replace

import numpy as np
import streamlit as st

from digit_core.runs.run import Predictions
from pages.components import filters, image_dialog, image_grid
from pages.components.filters import SHOWN, SORTS, with_article
from pages.components.percentages import probability
from pages.components.reserved import reserved

_CONTROLS = 68  # pixels, the height of the boxes with their labels
_SHOW, _SORT = "gallery_show", "gallery_sort"


@st.fragment
def show(predictions: Predictions, images: np.ndarray) -> None:
    """The controls and the matching test images; only this part of the page reruns for either."""
    _controls(len(images))
    image_grid.show(
        filters.matching_images(filters.current_view(len(images)), predictions),
        lambda index: _card(index, predictions, images[index]),
        "gallery",
        on_open=lambda index: image_dialog.open_image(index, len(images)),
    )


def _card(index: int, predictions: Predictions, image: np.ndarray) -> image_grid.Card:
    label, predicted = int(predictions.labels[index]), int(predictions.predicted[index])
    sure = f"{probability(predictions.probabilities[index, predicted])} sure"
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

    row = reserved("gallery-controls", _CONTROLS).container(horizontal=True, vertical_alignment="bottom", gap="small")
    row.segmented_control("Show", list(SHOWN), format_func=SHOWN.get, key=_SHOW, required=True, on_change=change)
    row.selectbox("Order", list(SORTS), format_func=SORTS.get, key=_SORT, on_change=change, width=170)
