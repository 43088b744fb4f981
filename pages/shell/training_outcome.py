"""How the last training ended: a message that goes away, and a line that stays until it is dismissed."""

import time
from collections.abc import Callable

import streamlit as st

from digit_core.access.actors import Action, is_permitted
from digit_core.errors import DigitError
from digit_core.jobs import trainings
from digit_core.runs.run import open_run
from pages.components.browser_window import window_name
from pages.components.cached import activate_if_usable
from pages.components.titles import markdown, run_markdown
from pages.components.training_status import TrainingStatus

_TOLD, _DISMISSED = "told_outcome", "dismissed_outcome"  # in a session
_ICONS = {"finished": "check_circle", "cancelled": "cancel", "failed": "error"}
_COLOURS = {"finished": "green", "cancelled": "grey", "failed": "red"}


def tell(status: TrainingStatus) -> None:
    """Once in each window that was open when the training ended, show a message that goes away."""
    known = st.session_state.setdefault(_TOLD, status.ended)
    if status.ended and status.ended != known:
        st.toast(_summary(status), icon=f":material/{_ICONS[status.progress.state]}:", duration="long")
    if not status.is_training:
        st.session_state[_TOLD] = status.ended


def show(status: TrainingStatus, attempt: Callable[[Callable[[], object]], None]) -> None:
    """The line, with buttons to show the run, to activate it, or to resume the training."""
    ended = (status.job.name, status.progress.updated)
    if st.session_state.get(_DISMISSED) == ended:
        return
    state, name = status.progress.state, status.job.name
    line, close = st.columns([6, 1], gap="small")
    line.markdown(f":small[:{_COLOURS[state]}[:material/{_ICONS[state]}:] {_summary(status, when=True)}]")
    close.button(
        "",
        icon=":material/close:",
        type="tertiary",
        help="Dismiss",
        key="dismiss-outcome",
        on_click=lambda: st.session_state.update({_DISMISSED: ended}),
    )
    if state == "finished" and _exists(name):
        row = st.container(horizontal=True, gap="small")
        if row.button("Show it", icon=":material/monitoring:", key="leave-to-finished"):
            st.switch_page("pages/results.py", query_params={"run": name})
        can_activate = status.active.run != name and is_permitted(Action.ACTIVATE)
        if can_activate and row.button("Activate it", icon=":material/bolt:", key="activate-finished"):
            attempt(lambda: activate_if_usable(name))
    done = status.resumable if is_permitted(Action.TRAIN) else 0
    if done and st.button(f"Resume after epoch {done}", icon=":material/resume:", width="stretch"):
        attempt(lambda: trainings.resume(status.job, window=window_name()))


def _summary(status: TrainingStatus, *, when: bool = False) -> str:
    progress, title = status.progress, f"**{run_markdown(status.job.name)}**"
    at = f" {_when(progress.updated)}" if when else ""
    message = markdown(progress.message.rstrip(". "))
    if progress.state == "finished" and status.active.run == status.job.name and not progress.activated:
        message = "It was kept at first, and activated since"
    if progress.state == "finished":
        return f"{title} finished{at}. {message}." if message else f"{title} finished{at}."
    if progress.state == "failed":
        return f"{title} failed{at}. {message}."
    started_here = status.window == window_name()
    elsewhere = " in another window" if started_here and status.cancelled_by not in ("", window_name()) else ""
    return f"{title} was cancelled{elsewhere}{at}. Nothing was changed."


def _exists(name: str) -> bool:
    try:
        open_run(name)
    except DigitError:  # deleted or damaged since
        return False
    return True


def _when(seconds: float) -> str:
    """Unix seconds as a time of day, with the date unless it is today."""
    then = time.localtime(seconds)
    today = then[:3] == time.localtime()[:3]
    return time.strftime("at %H:%M" if today else "on %d %b at %H:%M", then)
