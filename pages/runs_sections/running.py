"""The training in progress, above the table of the runs that are complete."""

from pathlib import Path

import streamlit as st

from pages.components.titles import run_markdown
from pages.components.training_status import shared_status

_PAGE = Path(__file__).parents[1] / "training.py"


def show() -> None:
    """A line for the running training, which leads to its page; nothing if there is none."""
    status = shared_status().get()
    if not status.is_training:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        epochs = f", {status.progress.epochs} epochs" if status.progress and status.progress.epochs > 1 else ""
        st.markdown(
            f":material/model_training: **{run_markdown(status.job.name)}** is in training{epochs}", width="stretch"
        )
        if _PAGE.exists() and st.button("Watch", icon=":material/show_chart:", key="leave-to-training"):
            st.switch_page("pages/training.py")
