"""One test image in a dialog: its prediction, why, its nearest training images, other runs' predictions.

The open image is in the address (`image=247`), on whichever page it is opened. The arrow keys lead to
the previous and the next image of the list that it was opened from.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.errors import DigitError
from digit_core.evaluation.label_errors import CONFIRMED, confirmed_in
from digit_core.preprocessing.normalize import to_float
from digit_core.runs.run import Predictions, Run, list_runs
from pages.components import canvas, filters, occlusion_card, prediction_card, similar_images, url_state
from pages.components.cached import MOST_RUNS, active_recognizer, dataset, explainer_of, predictions_of, recognizer_of
from pages.components.filters import with_article
from pages.components.image_html import picture
from pages.components.noted_errors import noted
from pages.components.percentages import probability
from pages.components.titles import markdown, run_markdown

_WIDTH, _PREDICTION_WIDTH = 880, 500  # pixels, the dialog and a part of it; a phone gives them what there is
_SIZE = 200  # pixels, the image


def show(run: Run, predictions: Predictions, listed: Sequence[int]) -> None:
    """Open the image that is in the address, if one is; `listed` are the indices to go through, in their order."""
    count = len(predictions.labels)
    if filters.current_view(count).image is not None:
        dialog = st.dialog("Test image", width=_WIDTH, on_dismiss=lambda: open_image(None, count))
        dialog(_image)(run, predictions, [int(index) for index in listed])


def open_image(index: int | None, images: int) -> None:
    """Open one of so many images, or none, by the address."""
    if index is None or 0 <= index < images:  # a browser may send anything
        url_state.put("image", None if index is None else str(index))


def _image(run: Run, predictions: Predictions, listed: list[int]) -> None:
    """The dialog; it reruns by itself when the next image is opened."""
    index = filters.current_view(len(predictions.labels)).image
    if index is None:
        st.rerun()
    label, predicted = int(predictions.labels[index]), int(predictions.predicted[index])
    description = f"{with_article(label)}, predicted as {predicted}"
    try:
        images = dataset(run.config.data).x_test
        model_input = to_float(images[index])
        _header(run, predictions, index, listed, images)
        st.markdown(f"#### No. {index}: {description}" + ("" if label == predicted else " — misclassified"))
        if index in confirmed_in(run.config.data):
            st.warning(_label_error(index, label), icon=":material/sell:")
        row = st.container(horizontal=True, gap="medium")
        with row.container(width=_SIZE):
            st.html(picture(images[index], _SIZE, f"Test image {index}: {description}"))
        with row.container(width=_PREDICTION_WIDTH):
            prediction = recognizer_of(run).stored_prediction(predictions.probabilities[index], model_input)
            prediction_card.show(prediction)
            st.caption(
                f"Digit likeness {probability(prediction.digit_likeness)}, rejected below "
                f"{probability(run.calibration.likeness_threshold)}. The probabilities are the network's own; on the "
                "canvas they are calibrated for drawings."
            )
        st.markdown("##### Why this prediction (occlusion map)")
        occlusion_card.show(model_input, explainer_of(run).explain(model_input), _SIZE)
        st.markdown("##### Nearest training images")
        similar_images.show(run, model_input)
        st.markdown("##### Other runs' predictions")
        _other_runs(run, predictions, index)
    except DigitError as error:  # caught here: a dialog reruns without the page around it
        st.error(markdown(noted(error)))


def _label_error(index: int, label: int) -> str:
    seen = CONFIRMED[index]
    saw = "did not agree on a digit" if seen is None else f"saw {with_article(seen)}"
    return (
        f"Its label is probably wrong: most of the five people who were shown it did not see {with_article(label)}; "
        f"they {saw} (Northcutt, Athalye and Mueller 2021)."
    )


def _header(run: Run, predictions: Predictions, index: int, listed: list[int], images: np.ndarray) -> None:
    """The way to the images before and after this one, and to the canvas."""
    place = listed.index(index) if index in listed else None
    row = st.container(horizontal=True, vertical_alignment="center")
    for name, icon, step in (("Previous image", "chevron_left", -1), ("Next image", "chevron_right", 1)):
        there = place is not None and 0 <= place + step < len(listed)
        row.button(
            name,
            icon=f":material/{icon}:",
            disabled=not there,
            on_click=open_image,
            args=(listed[place + step] if there else None, len(images)),
            key=f"image-{name.split()[0].lower()}",
            help="Arrow keys: ← and →" if there else None,
        )
    if row.button("Put it on the canvas", icon=":material/draw:", type="primary", key="leave-to-draw"):
        label = with_article(predictions.labels[index])
        canvas.put_picture(images[index], f"{TITLES[run.config.data]} test image {index}, {label}")
        st.switch_page("pages/draw.py")
    row.caption("Not in this view." if place is None else f"{place + 1:,} of {len(listed):,} in this view")
    active = active_recognizer()[0].run
    if active.name != run.name:
        st.caption(f"The canvas uses the active model, {run_markdown(active.name)}.")


def _other_runs(run: Run, predictions: Predictions, index: int) -> None:
    rows = []
    for other in list_runs().runs:
        if other.name == run.name or other.config.data != run.config.data or len(rows) == MOST_RUNS:
            continue
        try:
            theirs = predictions_of(other)
        except DigitError:
            continue  # its own page says that it is damaged
        if np.array_equal(theirs.labels, predictions.labels):
            digit = int(theirs.predicted[index])
            correct = "yes" if digit == theirs.labels[index] else "no"
            rows.append((run_markdown(other.name), digit, probability(theirs.probabilities[index, digit]), correct))
    if rows:
        table = pd.DataFrame(rows, columns=["Run", "Predicted", "Probability", "Correct?"]).set_index("Run")
        st.caption(f"{(table['Correct?'] == 'yes').sum()} of {len(rows)} correct")
        st.table(table, width="content")
    else:
        st.caption("There is no other run on this data set yet.")
