"""What a run misreads: the confusion matrix, the images behind each cell, and why each was read as it was."""

import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.errors import DataDamaged, DataUnavailable, DigitError
from digit_core.runs.run import Run
from pages.components import confusion_matrix, mnist_prompt, url_state
from pages.components import filters as views
from pages.components.cached import dataset
from pages.components.run_picker import pick_run
from pages.mistakes_sections import gallery, image_dialog
from pages.shell import frame


def show_mistakes(run: Run) -> None:
    """The matrix, the images of what is chosen in it, and the one that is open."""
    if mnist_prompt.is_missing(run):
        mnist_prompt.offer_download()
        return
    images = dataset(run.config.data)
    predictions = image_dialog.predictions_of(run)
    images.require_labels(predictions.labels, run.name)
    view, problems = views.parse_view(url_state.read(), len(predictions.labels))
    for problem in problems:
        st.warning(problem)
    wrong = int((predictions.predicted != predictions.labels).sum())
    st.markdown(f"**{wrong}** of {len(images.y_test):,} {TITLES[run.config.data]} test images are misread.")
    confusion_matrix.show(predictions, view)
    st.subheader(chosen_in_words(view), anchor=False)
    gallery.show(predictions, images.x_test)
    image_dialog.show(run, predictions)


def chosen_in_words(view: views.View) -> str:
    """What the images below the matrix have in common."""
    if view.true is None and view.read is None:
        return "All digits"
    if view.read is None:
        return f"Images of {views.named(view.true)}"
    return (
        f"Images read as {view.read}"
        if view.true is None
        else f"Images of {views.named(view.true)} read as {view.read}"
    )


frame.require()
st.title("Mistakes")
views.recall()
run = pick_run()
views.remember()
if run is not None:
    try:
        show_mistakes(run)
    except (DataUnavailable, DataDamaged) as error:
        st.error(str(error), icon=":material/cloud_off:")
    except DigitError as error:
        st.error(str(error))
