"""One test image in a dialog: its prediction, why, its nearest training images, other runs' predictions."""

from contextlib import suppress

import numpy as np
import pandas as pd
import streamlit as st

from digit_core.datasets.loading import Dataset
from digit_core.datasets.sources import TITLES
from digit_core.errors import DigitError
from digit_core.evaluation.label_errors import CONFIRMED, confirmed_in
from digit_core.inference.litert import NoFeatures
from digit_core.inference.nearest_neighbors import Neighbour, Neighbours
from digit_core.jobs.background_task import BackgroundTask
from digit_core.jobs.tasks import features_task
from digit_core.preprocessing.normalize import to_float
from digit_core.runs.run import Predictions, Run, list_runs
from pages.components import canvas, filters, occlusion_card, prediction_card
from pages.components.cached import active_recognizer, dataset, explainer_of, recognizer_of
from pages.components.filters import with_article
from pages.components.image_html import picture
from pages.components.titles import run_markdown
from pages.mistakes_sections import gallery

_WIDTH, _PREDICTION_WIDTH = 880, 500  # pixels, the dialog and a part of it; a phone gives them what there is
_SIZE, _NEIGHBOUR_SIZE = 200, 84  # pixels, the images
_MOST_RUNS = 20  # whose predictions are shown
_POLL_SECONDS = 0.7
_STYLE = """
<style>
.row{display:flex;flex-wrap:wrap;gap:.8rem}.row figure{margin:0;width:84px}
.row figcaption{font-size:.8rem;line-height:1.3;margin-top:.3rem}
</style>
"""


def show(run: Run, predictions: Predictions) -> None:
    """Open the image that is in the address, if one is."""
    count = len(predictions.labels)
    if filters.current_view(count).image is not None:
        dialog = st.dialog("Test image", width=_WIDTH, on_dismiss=lambda: gallery.open_image(None, count))
        dialog(_image)(run, predictions)


@st.cache_resource(max_entries=_MOST_RUNS + 4, show_spinner=False)
def predictions_of(fingerprint: str, _run: Run) -> Predictions:
    """The predictions of the run with that fingerprint. Raises DamagedRun."""
    return _run.predictions()


def _image(run: Run, predictions: Predictions) -> None:
    """The dialog; it reruns by itself when the next image is opened."""
    view = filters.current_view(len(predictions.labels))
    if view.image is None:
        st.rerun()
    index = view.image
    label, predicted = int(predictions.labels[index]), int(predictions.predicted[index])
    description = f"{with_article(label)}, predicted as {predicted}"
    try:
        images = dataset(run.config.data).x_test
        model_input = to_float(images[index])
        _header(run, predictions, view, images)
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
                f"Digit likeness {prediction.digit_likeness:.0%}, rejected below "
                f"{run.calibration.likeness_threshold:.0%}. The probabilities are the network's own; on the canvas "
                "they are calibrated for drawings."
            )
        st.markdown("##### Why this prediction (occlusion map)")
        occlusion_card.show(model_input, explainer_of(run).explain(model_input), _SIZE)
        st.markdown("##### Nearest training images")
        _neighbours(run, model_input)
        st.markdown("##### Other runs' predictions")
        _other_runs(run, predictions, index)
    except DigitError as error:  # caught here: a dialog reruns without the page around it
        st.error(str(error))


def _label_error(index: int, label: int) -> str:
    seen = CONFIRMED[index]
    saw = "did not agree on a digit" if seen is None else f"saw {with_article(seen)}"
    return (
        f"Its label is probably wrong: most of the five people who were shown it did not see {with_article(label)}; "
        f"they {saw} (Northcutt, Athalye and Mueller 2021)."
    )


def _header(run: Run, predictions: Predictions, view: filters.View, images: np.ndarray) -> None:
    """The way to the images before and after this one, and to the canvas."""
    listed = filters.matching_images(view, predictions).tolist()
    place = listed.index(view.image) if view.image in listed else None
    row = st.container(horizontal=True, vertical_alignment="center")
    for name, icon, step in (("Previous image", "chevron_left", -1), ("Next image", "chevron_right", 1)):
        there = place is not None and 0 <= place + step < len(listed)
        row.button(
            name,
            icon=f":material/{icon}:",
            disabled=not there,
            on_click=gallery.open_image,
            args=(listed[place + step] if there else None, len(images)),
        )
    if row.button("Put it on the canvas", icon=":material/draw:", type="primary", key="leave-to-draw"):
        label = with_article(predictions.labels[view.image])
        canvas.put_picture(images[view.image], f"{TITLES[run.config.data]} test image {view.image}, {label}")
        st.switch_page("pages/draw.py")
    row.caption("Not in this view." if place is None else f"{place + 1:,} of {len(listed):,} in this view")
    active = active_recognizer()[0].run
    if active.name != run.name:
        st.caption(f"The canvas uses the active model, {run_markdown(active.name)}.")


@st.cache_resource(max_entries=2, show_spinner=False)
def _neighbours_of(fingerprint: str, digest: str, _run: Run, _data: Dataset) -> Neighbours:
    return Neighbours(_run.model_bytes(), _data)


def _neighbours(run: Run, model_input: np.ndarray) -> None:
    data = dataset(run.config.data)
    try:
        found = _neighbours_of(run.fingerprint, data.digest, run, data)
    except NoFeatures as error:
        st.info(f"Not available for this network. {error}")
        return
    if found.ready:
        _show_neighbours(found.nearest(model_input), data)
        return
    task = features_task(run, data.digest)
    problem = None
    try:
        if (status := task.watch()) is None:
            task.start()
        elif not status.is_active:
            problem = status.message
    except DigitError as error:  # the rest of the dialog is shown all the same
        problem = str(error)
    if problem:
        st.warning(f"The nearest images could not be found. {problem}")
        st.button("Try again", icon=":material/refresh:", on_click=_restart, args=(task,))
    else:
        st.fragment(_progress, run_every=_POLL_SECONDS)(task)


def _restart(task: BackgroundTask) -> None:
    with suppress(DigitError):  # the rerun after this meets the same problem and shows it
        task.start()


def _progress(task: BackgroundTask) -> None:
    status = task.watch()
    if status is None or not status.is_active:
        st.rerun()
    st.progress(status.fraction or 0.0, text=f"{status.message} (once for this network)")


def _show_neighbours(found: tuple[Neighbour, ...], data: Dataset) -> None:
    figures = []
    for neighbour in found:
        label = with_article(neighbour.label)
        description = f"Training image {neighbour.index}: {label}, at a distance of {neighbour.distance:.2f}"
        figures.append(
            f'<figure data-testid="neighbour">{picture(data.x_train[neighbour.index], _NEIGHBOUR_SIZE, description)}'
            f"<figcaption><b>{neighbour.label}</b> · {neighbour.distance:.2f}<br>no. {neighbour.index}</figcaption>"
            "</figure>"
        )
    st.html(f'{_STYLE}<div class="row">{"".join(figures)}</div>')
    st.caption("Label and Euclidean distance, in the feature space of the network's last layer.")


def _other_runs(run: Run, predictions: Predictions, index: int) -> None:
    rows = []
    for other in list_runs().runs:
        if other.name == run.name or other.config.data != run.config.data or len(rows) == _MOST_RUNS:
            continue
        try:
            theirs = predictions_of(other.fingerprint, other)
        except DigitError:
            continue  # its own page says that it is damaged
        if np.array_equal(theirs.labels, predictions.labels):
            digit = int(theirs.predicted[index])
            correct = "yes" if digit == theirs.labels[index] else "no"
            rows.append((run_markdown(other.name), digit, f"{theirs.probabilities[index, digit]:.1%}", correct))
    if rows:
        table = pd.DataFrame(rows, columns=["Run", "Predicted", "Probability", "Correct?"]).set_index("Run")
        st.caption(f"{(table['Correct?'] == 'yes').sum()} of {len(rows)} correct")
        st.table(table, width="content")
    else:
        st.caption("There is no other run on this data set yet.")
