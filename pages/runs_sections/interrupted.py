"""Trainings that were stopped before their end: resume or delete them."""

import streamlit as st

from digit_core.errors import DigitError
from digit_core.jobs import trainings
from digit_core.runs.publishing import remove_folder
from pages.components.titles import markdown, run_title
from pages.components.training_status import shared_status


def show() -> None:
    """A row for each that can be resumed; nothing if there is none."""
    stopped = [(job, done) for job in trainings.stopped_jobs() if (done := trainings.resumable(job))]
    if not stopped:
        return
    st.subheader("Interrupted trainings", anchor=False)
    st.caption(
        "The last few are kept. A resumed training continues after its last complete epoch, with the same result."
    )
    busy = trainings.current() is not None
    for job, done in stopped:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            progress = job.progress()
            state = "Cancelled" if progress.state == "cancelled" else "Stopped"
            st.markdown(
                f"**{markdown(run_title(job.name))}**: {state.lower()} after epoch {done} of {progress.epochs}",
                width="stretch",
            )
            if st.button("Resume", icon=":material/resume:", key=f"resume-{job.name}", disabled=busy):
                _attempt(lambda job=job: trainings.resume(job))
            if st.button("Delete", icon=":material/delete:", key=f"delete-{job.name}"):
                _attempt(lambda job=job: remove_folder(job.folder))


def _attempt(action) -> None:
    try:
        action()
    except DigitError as error:
        st.error(str(error))
    else:
        shared_status().invalidate()
        st.rerun(scope="app")
