"""Trainings that were stopped before their end: go on with one, or be rid of it."""

import streamlit as st

from digit_core.errors import DigitError
from digit_core.records import jobs
from digit_core.records.placing import remove_folder
from pages.shared.names import markdown, run_title


def show() -> None:
    """A row for each that can go on; nothing if there is none."""
    stopped = [(job, done) for job in jobs.stopped_jobs() if (done := jobs.resumable(job))]
    if not stopped:
        return
    st.subheader("Stopped trainings", anchor=False)
    st.caption("The last few are kept. Each can go on after its last whole epoch, and ends as if it had not stopped.")
    for job, done in stopped:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            progress = job.progress()
            state = "Cancelled" if progress.state == "cancelled" else "Stopped"
            st.markdown(
                f"**{markdown(run_title(job.name))}**: {state.lower()} after epoch {done} of {progress.epochs}",
                width="stretch",
            )
            if st.button("Go on", icon=":material/resume:", key=f"go-on-{job.name}", disabled=bool(jobs.current())):
                _attempt(lambda job=job: jobs.resume(job))
            if st.button("Delete", icon=":material/delete:", key=f"forget-{job.name}"):
                _attempt(lambda job=job: remove_folder(job.folder))


def _attempt(action) -> None:
    try:
        action()
    except DigitError as error:
        st.error(str(error))
    else:
        st.rerun(scope="app")
