"""The trainings that wait for their turn, in the sidebar: their order, and a button to take each out."""

from collections.abc import Callable

import streamlit as st

from digit_core.access.actors import Action, is_permitted
from digit_core.jobs import trainings
from pages.components.browser_window import window_name
from pages.components.titles import run_markdown
from pages.components.training_status import TrainingStatus


def show(status: TrainingStatus, attempt: Callable[[Callable[[], object]], None]) -> None:
    """A line for each waiting training, the next one first; nothing if there is none."""
    if not status.queue:
        return
    st.caption("In the queue")
    for place, job in enumerate(status.queue, 1):
        line, close = st.columns([6, 1], gap="small", vertical_alignment="center")
        line.markdown(f":small[{place}. **{run_markdown(job.name)}**]")
        if is_permitted(Action.CANCEL) and close.button(
            "", icon=":material/close:", type="tertiary", help="Take out of the queue", key=f"cancel-queued-{job.name}"
        ):
            attempt(lambda job=job: trainings.cancel(job, window=window_name()))
