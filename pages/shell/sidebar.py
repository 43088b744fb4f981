"""The sidebar of every page: the active model, the status of the training, and the form for another one."""

import time
from collections.abc import Callable

import streamlit as st

from digit_core.errors import DigitError
from digit_core.jobs import trainings
from digit_core.runs.active_run import read_active
from pages.components.titles import run_markdown
from pages.components.training_status import TrainingStatus, shared_status
from pages.shell import active_model, training_form, training_watch

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
        active_model.show(_attempt)
    st.divider()
    with st.container():
        if status.is_training:
            st.markdown(f"Training **{run_markdown(status.job.name)}**")
        elif status.ended:
            _outcome(status)
        training_watch.show(status)
        if status.is_training:
            _cancel(status)
    with st.container():
        training_form.show(_attempt, busy=status.is_training, problem=st.session_state.get(_PROBLEM))


def _cancel(status: TrainingStatus) -> None:
    if status.cancelling:
        st.caption("Cancelling…")
    elif status.progress is not None and st.button("Cancel", icon=":material/stop_circle:", width="stretch"):
        _attempt(lambda: trainings.cancel(status.job))


def _outcome(status: TrainingStatus) -> None:
    """How the last training ended."""
    title, progress = run_markdown(status.job.name), status.progress
    when = _when(progress.updated)
    if progress.state == "finished":
        st.success(f"**{title}** finished {when}. {progress.message}.", icon=":material/check_circle:")
    elif progress.state == "cancelled":
        st.info(f"**{title}** was cancelled {when}. Nothing was changed.", icon=":material/cancel:")
    else:
        st.error(f"**{title}** failed {when}. {progress.message}", icon=":material/error:")
    done = status.resumable
    if done and st.button(f"Resume after epoch {done}", icon=":material/resume:", width="stretch"):
        _attempt(lambda: trainings.resume(status.job))


def _when(seconds: float) -> str:
    """Unix seconds as a time of day, with the date unless it is today."""
    then = time.localtime(seconds)
    today = then[:3] == time.localtime()[:3]
    return time.strftime("at %H:%M" if today else "on %d %b at %H:%M", then)


def _attempt(action: Callable[[], object]) -> None:
    """Call `action` and rerun the page; its error is shown until the next attempt."""
    st.session_state.pop(_PROBLEM, None)
    try:
        action()
    except DigitError as error:
        st.session_state[_PROBLEM] = str(error)
    shared_status().invalidate()
    st.rerun(scope="app")
