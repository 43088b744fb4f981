"""What every page has at its side: the active model, and the control to train another."""

import time
from collections.abc import Callable

import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.errors import DigitError
from digit_core.jobs import trainings
from digit_core.runs.active_run import read_active
from digit_core.runs.run import SHIPPED, Run, open_run
from pages.components.cached import activate_if_usable, active_recognizer
from pages.components.titles import run_markdown
from pages.components.training_status import TrainingStatus, shared_status
from pages.shell import training_form, training_watch

_SHOWN, _PROBLEM = "sidebar_status", "sidebar_problem"  # in a session


def show(before: Callable[[], None] = lambda: None) -> None:
    """Show the panel; it is drawn again when there is news, and the page with it if that shows other things then.

    `before` is called first each time.
    """
    st.session_state.pop(_SHOWN, None)
    st.fragment(_panel)(before)


def _panel(before: Callable[[], None]) -> None:
    before()
    status = shared_status().get()
    if status.active != read_active():  # another part of this page has just changed it
        shared_status().forget()
        status = shared_status().get()
    shown = st.session_state.get(_SHOWN)
    if shown and shown.panel != status.panel:
        st.session_state.pop(_PROBLEM, None)  # it was about how things were
        if status.changes_pages_since(shown):
            st.rerun(scope="app")
    st.session_state[_SHOWN] = status
    with st.container():
        _active_model()
    st.divider()
    # In a place of its own: with one row more or less above it the form would be built anew, and close.
    with st.container():
        if status.is_training:
            st.markdown(f"Training **{run_markdown(status.job.name)}**")
        else:
            _outcome(status)
        training_watch.show(status)
        if status.is_training:
            _cancel(status)
    with st.container():
        training_form.show(_attempt, busy=status.is_training, problem=st.session_state.get(_PROBLEM))


def _active_model() -> None:
    try:
        recognizer, problem = active_recognizer()
        run = recognizer.run
        accuracy = run.metrics.accuracy
    except DigitError as error:
        st.error(f"No model can be loaded. {error}")
        return
    st.markdown(f"Active model: **{run_markdown(run.name)}**")
    st.caption(
        f"Accuracy {accuracy:.2%} on the {TITLES[run.config.data]} test images",
        help="Measured once, on images that the model was not trained on.",
    )
    if problem:
        st.warning(problem)
    others = [name for name in dict.fromkeys([read_active().previous, SHIPPED]) if name not in (None, run.name)]
    if notice := next(filter(None, (_comparison(run, other) for other in others)), None):
        st.caption(notice)
    for other in others:
        if st.button(
            f"Back to {run_markdown(other)}", icon=":material/history:", width="stretch", key=f"back-to-{other}"
        ):
            _attempt(lambda other=other: activate_if_usable(other))


def _comparison(run: Run, other: str) -> str | None:
    """A sentence if another run may be preferred to the active one: a training's run becomes active unseen."""
    try:
        before = open_run(other)
        config, accuracy = before.config, before.metrics.accuracy
    except DigitError:  # it was deleted or is damaged, and cannot be gone back to
        return None
    name = run_markdown(other)
    if config.data != run.config.data:
        # The figures of two data sets cannot be compared; that the shipped run learned from another may matter.
        notice = f":material/info: Trained on {TITLES[run.config.data]}; {name} on {TITLES[config.data]}."
        return notice if other == SHIPPED else None
    if accuracy > run.metrics.accuracy:
        return f":material/trending_down: Less accurate than {name} ({accuracy:.2%})."
    return None


def _cancel(status: TrainingStatus) -> None:
    if status.cancelling:
        st.caption("Cancelling…")
    elif status.progress is not None and st.button("Cancel", icon=":material/stop_circle:", width="stretch"):
        _attempt(lambda: trainings.cancel(status.job))


def _outcome(status: TrainingStatus) -> None:
    """How the last training ended."""
    if status.ended is None:
        return
    name, message = run_markdown(status.job.name), status.progress.message
    when = _when(status.progress.updated)
    if status.progress.state == "finished":
        st.success(f"**{name}** finished {when}. {message}.", icon=":material/check_circle:")
    elif status.progress.state == "cancelled":
        st.info(f"**{name}** was cancelled {when}. Nothing was changed.", icon=":material/cancel:")
    else:
        st.error(f"**{name}** failed {when}. {message}", icon=":material/error:")
    done = status.resumable
    if done and st.button(f"Resume after epoch {done}", icon=":material/resume:", width="stretch"):
        _attempt(lambda: trainings.resume(status.job))


def _when(seconds: float) -> str:
    """A time of day, which stays true however long it stands there; Unix seconds."""
    then = time.localtime(seconds)
    day = "" if then[:3] == time.localtime()[:3] else time.strftime("on %d %b ", then)
    return day + time.strftime("at %H:%M", then)


def _attempt(action: Callable[[], object]) -> None:
    """Do it and show the page anew; what went wrong stays in sight until the next attempt."""
    try:
        action()
    except DigitError as error:
        st.session_state[_PROBLEM] = str(error)
    else:
        st.session_state.pop(_PROBLEM, None)
    shared_status().forget()
    st.rerun(scope="app")
