"""Trainings that were interrupted: resume or delete them."""

from collections.abc import Callable

import streamlit as st

from digit_core.access.actors import Action, is_permitted
from digit_core.errors import DigitError
from digit_core.jobs import trainings
from pages.components.noted_errors import noted
from pages.components.titles import markdown, run_title
from pages.components.training_status import shared_status


def show() -> None:
    """A row for each training that can be resumed, for the owner; nothing if there is none."""
    if not is_permitted(Action.TRAIN):
        return
    jobs = [(job, done) for job in trainings.stopped_jobs() if (done := trainings.resumable(job))]
    if not jobs:
        return
    st.subheader("Interrupted trainings", anchor=False)
    st.caption(
        "A resumed training continues after its last complete epoch, with the same result. The last few are kept."
    )
    for job, done in jobs:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            progress = job.progress()
            state = "cancelled" if progress.state == "cancelled" else "stopped"
            st.markdown(
                f"**{markdown(run_title(job.name))}**: {state} after epoch {done} of {progress.epochs}", width="stretch"
            )
            if st.button("Resume", icon=":material/resume:", key=f"resume-{job.name}"):
                _run(trainings.resume, job)
            if st.button("Delete", icon=":material/delete:", key=f"delete-{job.name}"):
                _run(trainings.delete_stopped, job)


def _run(action: Callable[..., object], subject: object) -> None:
    try:
        action(subject)
    except DigitError as error:
        st.error(markdown(noted(error)))
    else:
        shared_status().invalidate()
        st.rerun(scope="app")
