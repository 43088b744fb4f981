"""Start, watch and cancel background tasks from a section that updates itself while one is active."""

from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from digit_core.access.actors import Action, is_permitted
from digit_core.jobs.background_task import BackgroundTask, TaskStatus
from digit_core.runs.run import Run, open_run
from pages.components import page_on_screen

_POLL_SECONDS = 0.7


def show_polling(show: Callable[[], None], tasks: Sequence[BackgroundTask]) -> None:
    """Call `show`, again and again while one of the tasks is active."""

    def show_and_check() -> None:
        page_on_screen.keep()
        show()
        if any(task.is_active() for task in tasks) != is_polling:
            st.rerun(scope="app")  # to start or stop polling

    is_polling = any(task.is_active() for task in tasks)
    st.fragment(show_and_check, run_every=_POLL_SECONDS if is_polling else None)()


def start_button(
    task: BackgroundTask, status: TaskStatus | None, run: Run, place: DeltaGenerator, label: str, icon: str, key: str
) -> None:
    """Offer the owner to start a task for a run, or to try again, and say why it failed.

    Raises what `BackgroundTask.start` does.
    """
    failed = status is not None and status.state == "failed"
    if not is_permitted(Action.COMPUTE):
        place.caption("Only the owner of this app can start it.")
    elif place.button("Try again" if failed else label, icon=f":material/{icon}:", width="stretch", key=key):
        open_run(run.name)  # raises if it was deleted meanwhile
        task.start()
        st.rerun(scope="app")
    if failed:
        st.error(status.message)


def cancel_button(task: BackgroundTask, place: DeltaGenerator, key: str) -> None:
    """Offer the owner to cancel an active task. Raises what `BackgroundTask.cancel` does."""
    if is_permitted(Action.COMPUTE) and place.button("Cancel", icon=":material/close:", width="stretch", key=key):
        task.cancel()
        st.rerun(scope="app")
