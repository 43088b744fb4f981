"""What a run misclassifies: the confusion matrix, the images in each cell, and why each was predicted so."""

import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.errors import DigitError
from digit_core.runs.run import Run
from pages.components import filters, image_dialog, mnist_prompt, url_state
from pages.components.cached import dataset, predictions_of
from pages.components.confusion_matrix import WIDTH
from pages.components.noted_errors import noted
from pages.components.run_picker import pick_run
from pages.components.titles import markdown
from pages.mistakes_sections import gallery, selection

_MATRIX, _IMAGES = "mistakes-matrix", "mistakes-images"
# On a wide screen the matrix stays in sight while its images, beside it, are scrolled through.
_STYLE = f"""
<style>
@media (min-width:1100px) and (min-height:700px){{
  .st-key-{_MATRIX}{{position:sticky;top:3.75rem;align-self:flex-start}}
}}
.st-key-{_IMAGES}{{scroll-margin-top:4rem}}
</style>
"""


def show_mistakes(run: Run) -> None:
    """The matrix, beside it the images that match the view, and the open one."""
    predictions = predictions_of(run)
    data = None
    if not mnist_prompt.is_missing(run):
        data = dataset(run.config.data)
        data.require_labels(predictions.labels, run.name)
    count = len(predictions.labels)
    view, problems = filters.parse_view(url_state.read(), count)
    for problem in problems:
        st.warning(problem)
    st.html(_STYLE)
    row = st.container(horizontal=True, gap="medium")
    matrix, images = row.container(key=_MATRIX, width=WIDTH), row.container(key=_IMAGES)
    with matrix:
        wrong = int((predictions.predicted != predictions.labels).sum())
        st.markdown(f"**{wrong}** of {count:,} {TITLES[run.config.data]} test images are misclassified.")
        selection.show(predictions, view, _IMAGES)
    with images:
        st.subheader(heading(view), anchor=False)
        if data is None:
            mnist_prompt.offer()
            return
        gallery.show(predictions, data.x_test)
    image_dialog.show(run, predictions, filters.matching_images(view, predictions))


def heading(view: filters.View) -> str:
    """What the images beside the matrix have in common."""
    if view.has_all_digits:
        return "All digits"
    true = "" if view.true is None else f" of {filters.with_article(view.true)}"
    return f"Images{true}" + ("" if view.predicted is None else f" predicted as {view.predicted}")


st.title("Mistakes")
filters.restore_address()
run = pick_run()
filters.remember_address()
if run is not None:
    try:
        show_mistakes(run)
    except DigitError as error:
        st.error(markdown(noted(error)))
