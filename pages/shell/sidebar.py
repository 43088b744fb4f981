"""The sidebar of every page: the active model, the status of the training, and the form for another one."""

from collections.abc import Callable

import streamlit as st

from digit_core.access.actors import Action, is_permitted
from digit_core.errors import DigitError
from digit_core.runs.active_run import read_active
from pages.components import cancel_training
from pages.components.noted_errors import noted
from pages.components.titles import run_markdown
from pages.components.training_status import shared_status
from pages.shell import (
    active_model,
    queued_trainings,
    sign_in,
    training_form,
    training_outcome,
    training_watch,
)

_SHOWN, _PROBLEM = "sidebar_status", "sidebar_problem"  # in a session


def reset() -> None:
    """Note that the whole page is being drawn, so that it shows the status as it is."""
    st.session_state.pop(_SHOWN, None)


def show(page: str) -> None:
    """Show the sidebar in its fragment; rerun the page of that name too if it is out of date."""
    status = shared_status().get()
    if status.active != read_active():  # another part of this page has just changed it
        shared_status().invalidate()
        status = shared_status().get()
    shown = st.session_state.get(_SHOWN)
    if shown and shown.digest != status.digest:
        st.session_state.pop(_PROBLEM, None)  # it is out of date
        if status.outdates(page, shown):
            st.rerun(scope="app")
    st.session_state[_SHOWN] = status
    # Each in its own container: with one element more or less above it the form would close.
    with st.container():
        active_model.show(attempt)
    st.divider()
    training_outcome.tell(status)
    with st.container():
        if status.is_training:
            st.markdown(f"Training **{run_markdown(status.job.name)}**")
            cancel_training.show(status, attempt, "cancel-training")  # above the progress, which changes
        elif status.ended:
            training_outcome.show(status, attempt)
        training_watch.show(status)
    with st.container():
        queued_trainings.show(status, attempt)
    cancel_training.ask(status, attempt)
    with st.container():
        if is_permitted(Action.TRAIN):
            training_form.show(attempt, busy=status.is_busy, problem=st.session_state.get(_PROBLEM))
        else:
            sign_in.show_visitors()
    sign_in.show_owner()


def attempt(action: Callable[[], object]) -> None:
    """Call `action` and rerun the page; its error is shown until the next attempt."""
    st.session_state.pop(_PROBLEM, None)
    try:
        action()
    except DigitError as error:
        st.session_state[_PROBLEM] = noted(error)
    shared_status().invalidate()
    st.rerun(scope="app")
