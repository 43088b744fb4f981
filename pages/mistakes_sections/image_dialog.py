"""One test image, large: how it was read, why, what it resembles, and what other runs say."""

import hashlib
from contextlib import suppress
from html import escape

import numpy as np
import streamlit as st

from digit_core import Prediction
from digit_core.datasets.sources import TITLES, Dataset
from digit_core.errors import DigitError
from digit_core.evaluation.label_errors import CONFIRMED, confirmed_in
from digit_core.inference.litert import NoFeatures
from digit_core.inference.nearest_neighbors import Neighbour, Neighbours
from digit_core.jobs.background_task import BackgroundTask
from digit_core.jobs.feature_jobs import features_task
from digit_core.preprocessing.normalize import to_float
from digit_core.runs.run import Predictions, Run, list_runs
from pages.components import canvas, occlusion_card, prediction_card
from pages.components import filters as views
from pages.components.cached import active_recognizer, dataset, recognizer_of
from pages.components.image_html import picture
from pages.components.titles import run_markdown, run_title
from pages.mistakes_sections import gallery

_WIDTH = 880  # pixels, the dialog; a phone gives it what there is
_READING_WIDTH = 500
_SIZE = 200  # pixels, the large picture
_SMALL = 84  # pixels, a neighbour
_OTHERS = 20  # other runs that are asked
_WATCHING = 0.7  # seconds between two looks at the preparation
_STYLE = """
<style>
.row{display:flex;flex-wrap:wrap;gap:.8rem}.row figure{margin:0;width:84px}
.row figcaption{font-size:.8rem;line-height:1.3;margin-top:.3rem}
.runs{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
.runs th{text-align:left;font-weight:600}.runs th,.runs td{padding:.15rem 1rem .15rem 0}
</style>
"""


def show(run: Run, predictions: Predictions) -> None:
    """Open the image that is in the address, if one is."""
    count = len(predictions.labels)
    if views.current(count).image is None:
        return

    def closed() -> None:
        gallery.open_image(None, count)

    st.dialog("Test image", width=_WIDTH, on_dismiss=closed)(_image)(run, predictions)


def predictions_of(run: Run) -> Predictions:
    """A run's predictions, read once as long as the file stays as it is. Raises DamagedRun."""
    path = run.path / "predictions.npz"
    return _predictions(run, str(path), path.stat().st_mtime_ns if path.is_file() else 0)


@st.cache_resource(max_entries=_OTHERS + 4, show_spinner=False)
def _predictions(_run: Run, path: str, changed: int) -> Predictions:
    return _run.predictions()


def _image(run: Run, predictions: Predictions) -> None:
    """What is in the dialog; it runs by itself when the next image is asked for."""
    count = len(predictions.labels)
    view = views.current(count)
    if view.image is None:
        st.rerun()
    index = view.image
    label, read = int(predictions.labels[index]), int(predictions.predicted[index])
    try:
        images = dataset(run.config.data).x_test
        model_input = to_float(images[index])
        _header(run, predictions, index, images)
        st.markdown(
            f"#### No. {index}: {views.named(label)}, read as {read}" + ("" if label == read else " — a mistake")
        )
        if index in confirmed_in(run.config.data):
            st.warning(_label_error(index, label), icon=":material/sell:")
        row = st.container(horizontal=True, gap="medium")
        with row.container(width=_SIZE):
            words = f"Test image {index}: {views.named(label)}, read as {read}"
            st.html(picture(images[index], _SIZE, words))
        with row.container(width=_READING_WIDTH):
            prediction = _prediction(run, predictions, index, model_input)
            prediction_card.show(prediction)
            st.caption(
                f"Digit likeness {prediction.digit_likeness:.0%}: how much it looks like a digit at all; "
                f"what has less than {run.calibration.likeness_threshold:.0%} is not read. The probabilities are "
                "the network's own; on the canvas they are calibrated for drawings."
            )
        st.markdown("##### What the reading rests on")
        occlusion_card.show(model_input, occlusion_card.explainer_of(run).explain(model_input), _SIZE)
        st.markdown("##### The five training images nearest to it")
        _neighbours(run, model_input)
        st.markdown("##### What other runs say")
        _other_runs(run, predictions, index)
    except DigitError as error:  # caught here: a dialog runs again without the page around it
        st.error(str(error))


def _label_error(index: int, label: int) -> str:
    seen = CONFIRMED[index]
    saw = "saw no one digit" if seen is None else f"saw {views.named(seen)}"
    return (
        f"Its label is probably wrong: of five people who were shown it, most did not see {views.named(label)}; "
        f"they {saw} (Northcutt, Athalye and Mueller 2021)."
    )


def _header(run: Run, predictions: Predictions, index: int, images: np.ndarray) -> None:
    count = len(predictions.labels)
    listed = views.chosen_images(views.current(count), predictions)
    place = np.flatnonzero(listed == index)
    row = st.container(horizontal=True, vertical_alignment="center")
    before = listed[place[0] - 1] if len(place) and place[0] else None
    after = listed[place[0] + 1] if len(place) and place[0] + 1 < len(listed) else None
    for name, icon, other in (("Previous image", "chevron_left", before), ("Next image", "chevron_right", after)):
        row.button(
            name,
            icon=f":material/{icon}:",
            disabled=other is None,
            on_click=gallery.open_image,
            args=(None if other is None else int(other), count),
        )
    if row.button("Put it on the canvas", icon=":material/draw:", type="primary", key="leave-to-draw"):
        canvas.put_picture(
            images[index], f"{TITLES[run.config.data]} test image {index}, {views.named(predictions.labels[index])}"
        )
        st.switch_page("pages/draw.py")
    row.caption(f"{place[0] + 1:,} of {len(listed):,} in view" if len(place) else "It is not among the images in view.")
    reads = active_recognizer()[0].run
    if reads.name != run.name:
        st.caption(f"On the canvas it is read by {run_markdown(reads.name)}, the run that reads now.")


def _prediction(run: Run, predictions: Predictions, index: int, model_input: np.ndarray) -> Prediction:
    """What the run said of it, with how much it looks like a digit, which is not kept with a run."""
    now = recognizer_of(run).predict_normalized(model_input)
    probabilities = predictions.probabilities[index]
    digit = int(probabilities.argmax())
    return Prediction(digit, probabilities, float(probabilities[digit]), now.digit_likeness, now.is_digit, model_input)


@st.cache_resource(max_entries=2, show_spinner=False)
def _neighbours_of(_run: Run, _data: Dataset, model: str, data: str) -> Neighbours:
    return Neighbours(_run.model_bytes(), _data)


def _neighbours(run: Run, model_input: np.ndarray) -> None:
    data = dataset(run.config.data)
    try:
        found = _neighbours_of(run, data, hashlib.sha256(run.model_bytes()).hexdigest(), data.digest)
    except NoFeatures as error:
        st.info(f"This run's network cannot be asked for them. {error}")
        return
    if found.ready:
        _row(found.nearest(model_input), data)
        return
    task = features_task(run, data.digest)
    problem = None
    try:
        if (status := task.watch()) is None:
            task.start()
        elif not status.is_active:
            problem = status.message
    except DigitError as error:  # the rest of the dialog does without
        problem = str(error)
    if problem:
        st.warning(f"They cannot be found. {problem}")
        st.button("Try again", icon=":material/refresh:", on_click=_restart, args=(task,))
    else:
        st.fragment(_progress, run_every=_WATCHING)(task)


def _restart(task: BackgroundTask) -> None:
    with suppress(DigitError):  # the rerun after this meets the same problem and shows it
        task.start()


def _progress(task: BackgroundTask) -> None:
    """Polls."""
    status = task.watch()
    if status is None or not status.is_active:
        st.rerun()
    st.progress(status.fraction or 0.0, text=f"{status.message} (once for this network)")


def _row(found: tuple[Neighbour, ...], data: Dataset) -> None:
    figures = []
    for neighbour in found:
        named = f"Training image {neighbour.index}: {views.named(neighbour.label)}"
        words = f"{named}, at a distance of {neighbour.distance:.2f}"
        figures.append(
            f'<figure data-testid="neighbour">{picture(data.x_train[neighbour.index], _SMALL, words)}'
            f"<figcaption><b>{neighbour.label}</b> · {neighbour.distance:.2f}<br>no. {neighbour.index}"
            "</figcaption></figure>"
        )
    st.html(f'{_STYLE}<div class="row">{"".join(figures)}</div>')
    st.caption(
        "Nearest in what the network's last layer is given; the number beside the label is the distance there "
        "(Euclidean, in the network's own unit)."
    )


def _other_runs(run: Run, predictions: Predictions, index: int) -> None:
    rows, right = [], 0
    for other in list_runs().runs:
        if other.name == run.name or other.config.data != run.config.data or len(rows) == _OTHERS:
            continue
        try:
            theirs = predictions_of(other)
        except DigitError:
            continue  # its own page says that it is damaged
        if not np.array_equal(theirs.labels, predictions.labels):
            continue
        digit = int(theirs.predicted[index])
        is_right = digit == predictions.labels[index]
        right += is_right
        rows.append(
            f"<tr><td>{escape(run_title(other.name))}</td><td><b>{digit}</b></td>"
            f"<td>{theirs.probabilities[index, digit]:.1%}</td><td>{'right' if is_right else 'wrong'}</td></tr>"
        )
    if not rows:
        st.caption("There is no other run on this data set yet.")
        return
    if len(rows) == 1:
        st.caption(f"The other run reads it {'right' if right else 'wrong'}.")
    else:
        st.caption(f"{right} of {len(rows)} other runs read it right.")
    head = "<tr><th>Run</th><th>Read as</th><th>Probability</th><th>That is</th></tr>"
    st.html(f'{_STYLE}<table class="runs">{head}{"".join(rows)}</table>')
