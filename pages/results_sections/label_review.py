"""Is it the model or the label? The test images whose label may be wrong."""

import numpy as np
import pandas as pd
import streamlit as st

from digit_core.datasets.sources import TITLES, is_available
from digit_core.evaluation.label_errors import Suspects, confirmed_in, suspects_of
from digit_core.runs.run import Predictions, Run
from pages.components import filters, image_dialog, image_grid, url_state
from pages.components.cached import dataset, predictions_of
from pages.components.downloads import csv_button
from pages.components.percentages import percent


def show_label_errors(run: Run) -> None:
    """Accuracy with and without the confirmed label errors, and the suspects with their images. Raises DigitError."""
    found, predictions = _suspects(run.fingerprint, run), predictions_of(run)
    correct = predictions.predicted == predictions.labels
    confirmed = np.array(confirmed_in(run.config.data), int)
    st.markdown(
        f"Not every mistake is the model's: some test images have a wrong label. These {len(found.index)} of "
        f"{len(correct):,} are the most likely ones by *confident learning*: the model gives their label a low "
        "probability compared with another digit."
    )
    _show_accuracies(run, correct, found, confirmed)
    choices = {f"all {len(found.index)}": np.ones(len(found.index), bool), "misclassified": ~correct[found.index]}
    if len(confirmed):
        choices |= {"confirmed": found.confirmed, "not confirmed": ~found.confirmed}
    everything = next(iter(choices))
    shown = st.segmented_control("Show", list(choices), default=everything, key="labels-shown") or everything
    _show_images(run, found, np.flatnonzero(choices[shown]), predictions)
    table = pd.DataFrame(vars(found)).assign(predicted=predictions.predicted[found.index])
    csv_button(table.rename(columns={"guess": "likeliest_other", "confident": "confident_error"}), f"{run.name}-labels")
    with st.expander("How the list is made", icon=":material/help:"):
        st.markdown(_METHOD.format(confident=int(found.confident.sum())))


def _show_accuracies(run: Run, correct: np.ndarray, found: Suspects, confirmed: np.ndarray) -> None:
    row = st.container(horizontal=True)
    row.metric("Test accuracy", percent(correct.mean()), help=f"All {len(correct):,} test images.", width=200)
    if not len(confirmed):
        st.caption(f"No label of {TITLES[run.config.data]} is known to be wrong.")
        return
    row.metric(
        f"Without the {len(confirmed)}",
        percent(np.delete(correct, confirmed).mean()),
        help=f"Without the {len(confirmed)} confirmed label errors.",
        width=200,
    )
    listed, misclassified = int(found.confirmed.sum()), int((~correct[confirmed]).sum())
    row.metric("Confirmed errors in the list", f"{listed} of {len(confirmed)}", width=220)
    st.caption(
        f"In a study, five people looked at each of 100 {TITLES[run.config.data]} images; for {len(confirmed)} of them "
        f"most did not see the label's digit. The model misclassifies {misclassified} of these {len(confirmed)} and "
        f"predicts the label of the other {len(confirmed) - misclassified}."
    )


def _show_images(run: Run, found: Suspects, chosen: np.ndarray, predictions: Predictions) -> None:
    images = _images(run)
    if images is None:
        st.info("The images are MNIST's, which is not on this machine yet; the page *Mistakes* downloads it (11 MB).")

    def card(index: int) -> image_grid.Card:
        at = place[index]
        label = found.label[at]
        predicted = predictions.predicted[index]
        agrees = f"model agrees; runner-up <b>{found.guess[at]}</b>"
        model = agrees if predicted == label else f"predicted as <b>{predicted}</b>"
        margin = f"margin {found.margin[at]:+.2f}".replace("-", "−")
        verdict = "<b>✗ label error confirmed</b>" if found.confirmed[at] else margin
        return image_grid.Card(
            None if images is None else images[index],
            f"Test image {index}: labelled {label}, predicted as {predicted}",
            f"labelled <b>{label}</b><br>{model}<br>{verdict}<br><span class=more>no. {index}</span>",
        )

    place = {int(index): at for at, index in enumerate(found.index)}
    indices = found.index[chosen]
    if images is None:
        image_grid.show(indices, card, "labels")
        return
    address = {name: value for name, value in url_state.read().items() if name == "image"}
    for problem in filters.parse_view(address, len(images))[1]:
        st.warning(problem)
    image_grid.show(indices, card, "labels", on_open=lambda index: image_dialog.open_image(index, len(images)))
    image_dialog.show(run, predictions, indices)


def _images(run: Run) -> np.ndarray | None:
    if not is_available(run.config.data):
        return None
    data = dataset(run.config.data)
    data.require_labels(predictions_of(run).labels, run.name)
    return data.x_test


_METHOD = """
The images are sorted by their **normalised margin**: the calibrated probability of the label minus that of the
likeliest other digit, from −1 to 1; below 0 the model predicts another digit. The list is 1% of the test set, as many
as were reviewed when MNIST's label errors were found ([Northcutt, Athalye and Mueller
2021](https://arxiv.org/abs/2103.14749)), so that the number of errors found can be compared.

**Confident learning** itself ([Northcutt, Jiang and Chuang 2021](https://arxiv.org/abs/1911.00068)) is stricter: an
image must reach another digit's threshold, the mean probability of that digit on images labelled so. {confident} of
these images do. A model that is nearly always right has thresholds near 1, which few of its mistakes reach.

*Confirmed* are the images for which fewer than three of five people saw the label's digit, by the study's
[published votes](https://github.com/cleanlab/label-errors).
"""


@st.cache_data(max_entries=16, show_spinner=False)
def _suspects(fingerprint: str, _run: Run) -> Suspects:
    return suspects_of(_run)
