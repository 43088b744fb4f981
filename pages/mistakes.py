"""What a run misclassifies: the confusion matrix, the images in each cell, and why each was predicted so."""

import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.errors import DigitError
from digit_core.runs.run import Run
from pages.components import confusion_matrix, filters, mnist_prompt, url_state
from pages.components.cached import dataset
from pages.components.run_picker import pick_run
from pages.mistakes_sections import gallery, image_dialog
from pages.shell import frame


def show_mistakes(run: Run) -> None:
    """The matrix, the images that match the view, and the open one."""
    if mnist_prompt.is_missing(run):
        mnist_prompt.offer_download()
        return
    images = dataset(run.config.data)
    predictions = image_dialog.predictions_of(run.fingerprint, run)
    images.require_labels(predictions.labels, run.name)
    view, problems = filters.parse_view(url_state.read(), len(predictions.labels))
    for problem in problems:
        st.warning(problem)
    wrong = int((predictions.predicted != predictions.labels).sum())
    st.markdown(f"**{wrong}** of {len(images.y_test):,} {TITLES[run.config.data]} test images are misclassified.")
    confusion_matrix.show(predictions, view)
    st.subheader(heading(view), anchor=False)
    gallery.show(predictions, images.x_test)
    image_dialog.show(run, predictions)


def heading(view: filters.View) -> str:
    """What the images below the matrix have in common."""
    if view.has_all_digits:
        return "All digits"
    true = "" if view.true is None else f" of {filters.with_article(view.true)}"
    return f"Images{true}" + ("" if view.predicted is None else f" predicted as {view.predicted}")


frame.require()
st.title("Mistakes")
filters.restore_address()
run = pick_run()
filters.remember_address()
if run is not None:
    try:
        show_mistakes(run)
    except DigitError as error:
        st.error(str(error))
