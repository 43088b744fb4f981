"""The button that cancels the running training; it asks first if another window started it."""

from collections.abc import Callable

import streamlit as st

from digit_core.access.actors import Action, is_permitted
from digit_core.jobs import trainings
from pages.components.browser_window import window_name
from pages.components.titles import run_markdown
from pages.components.training_status import TrainingStatus

Attempt = Callable[[Callable[[], object]], None]


_ASKING = "asking_to_cancel"  # in a session: the name of the training, while the question is open


def show(status: TrainingStatus, attempt: Attempt, key: str) -> None:
    """Show the button to the owner; a click has `attempt` cancel the training. `key` is unique on the page."""
    if not is_permitted(Action.CANCEL):
        return
    icon, width = ":material/stop_circle:", "stretch"
    if status.cancelling:
        st.button("Cancelling…", icon=icon, width=width, disabled=True, key=f"{key}-cancelling")
    elif status.progress is not None and st.button("Cancel", icon=icon, width=width, key=key):
        if status.window == window_name():
            attempt(lambda: trainings.cancel(status.job, window=window_name()))
        else:
            st.session_state[_ASKING] = status.job.name


def ask(status: TrainingStatus, attempt: Attempt) -> None:
    """Show the question whether to cancel another window's training, while it is open; once on a page."""
    if status.is_training and not status.cancelling and st.session_state.get(_ASKING) == status.job.name:
        st.dialog("Cancel the training?", on_dismiss=_close)(_question)(status, attempt)


def _question(status: TrainingStatus, attempt: Attempt) -> None:
    where = "in another window" if status.window else "from the command line"
    st.markdown(f"**{run_markdown(status.job.name)}** was started {where}. Somebody may be waiting for it.")
    row = st.container(horizontal=True)
    if row.button("Cancel the training", type="primary", icon=":material/stop_circle:", key="cancel-training-yes"):
        _close()
        attempt(lambda: trainings.cancel(status.job, window=window_name()))
    if row.button("Let it go on", key="cancel-training-no"):
        _close()
        st.rerun()


def _close() -> None:
    st.session_state.pop(_ASKING, None)
