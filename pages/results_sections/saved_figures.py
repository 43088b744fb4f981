"""The figures that the trainer saved, to look at one by one and to download."""

import io

import streamlit as st

from digit_core.errors import DamagedRun, DigitError, InvalidImage
from digit_core.preprocessing.image_files import open_picture
from digit_core.runs.run import Run
from pages.components.noted_errors import noted
from pages.components.titles import markdown

_TITLES = {
    "curves": "Accuracy and loss by epoch",
    "confusion": "Confusion matrix, counts",
    "confusion_rates": "Confusion matrix, normalised by row",
    "precision_recall": "Precision-recall curves",
    "samples": "Test images with their predictions",
    "worst_mistakes": "Worst mistakes",
}


@st.fragment
def show_saved_figures(run: Run) -> None:
    """The figure that is selected, the only one that is loaded, and its downloads."""
    available = run.figures()
    names = [name for name in _TITLES if name in available] + sorted(available.keys() - _TITLES.keys())
    if not names:
        st.info("This run has no figures. Train it again to have some.")
        return
    titles = {name: _TITLES.get(name, name.replace("_", " ").capitalize()) for name in names}
    name = st.selectbox("Figure", names, format_func=titles.get, key=f"figure-{run.name}")
    try:
        st.image(open_picture(io.BytesIO(run.figure(name, "png")), f"{name}.png"), width=640)
    except (InvalidImage, DamagedRun) as error:
        st.warning(f"The figure is damaged. {markdown(str(error))}")
    try:
        _download_buttons(run, name)
    except DigitError as error:  # caught here: a fragment reruns without the page around it
        st.error(markdown(noted(error)))


def _download_buttons(run: Run, name: str) -> None:
    row = st.container(horizontal=True)
    for kind, mime in (("png", "image/png"), ("svg", "image/svg+xml")):
        row.download_button(
            kind.upper(),
            run.figure(name, kind),
            file_name=f"{run.name}-{name}.{kind}",
            mime=mime,
            icon=":material/download:",
            on_click="ignore",
            key=f"download-{run.name}-{name}.{kind}",
        )
