"""The figures that the trainer drew, one at a time, to look at and to take along."""

import io

import streamlit as st

from digit_core.errors import DamagedRun, DigitError, InvalidImage
from digit_core.preprocessing.image_files import open_picture
from digit_core.runs.run import Run

_TITLES = {
    "curves": "Accuracy and loss by epoch",
    "confusion": "Confusion matrix, counts",
    "confusion_rates": "Confusion matrix, per cent",
    "precision_recall": "Precision-recall curves",
    "samples": "Test images, true against predicted",
    "worst_mistakes": "Worst mistakes",
}


@st.fragment
def show_figures_of(run: Run) -> None:
    """A closed expander; only the figure that is chosen in it is read from disk."""
    with st.expander("Figures", icon=":material/image:", key=f"figures-{run.name}", on_change="rerun") as expander:
        if not expander.open:
            return
        there = run.figures()
        names = [*(name for name in _TITLES if name in there), *(name for name in there if name not in _TITLES)]
        if not names:
            st.info("This run has no figures. Train it again to have some.")
            return
        chosen = st.selectbox("Figure", names, format_func=_title, key=f"figure-{run.name}")
        try:
            _show(run, chosen)
        except DigitError as error:  # caught here: a fragment runs again without the page around it
            st.error(str(error))


def _show(run: Run, name: str) -> None:
    try:
        st.image(open_picture(io.BytesIO(run.figure(name, "png")), f"{name}.png"), width=640)
    except (InvalidImage, DamagedRun) as error:
        st.warning(f"The figure is damaged. {error}")
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


def _title(name: str) -> str:
    return _TITLES.get(name, name.replace("_", " ").capitalize())
