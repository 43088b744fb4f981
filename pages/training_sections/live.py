"""The training that runs now, or the last one. Only this part of the page reruns while it is open."""

import time

import streamlit as st

from digit_core.errors import DigitError
from digit_core.runs.run import Run, open_run
from digit_core.runs.schemas import Progress
from pages.components import cancel_training, status_events, training_curves
from pages.components.titles import duration, markdown, run_markdown
from pages.components.training_status import TrainingStatus, shared_status
from pages.shell import sidebar
from pages.training_sections import record

_SECONDS = 2.0  # between two reruns while a training runs
_ENDINGS = {"finished": "Finished", "cancelled": "Cancelled", "failed": "Failed"}


@st.fragment
def show() -> None:
    """Progress and curves; every two seconds while a training runs, else when one starts."""
    status = shared_status().get()
    status_events.rerun_on_change("live", seconds=_SECONDS if status.is_training else None)
    if status.job is None:
        st.info(
            "No training yet. Choose the settings in the sidebar and press *Retrain*: its progress and its curves "
            "appear here.",
            icon=":material/model_training:",
        )
        return
    if status.progress is None:
        st.info("A training of another user of this machine is running; its progress cannot be read.")
        return
    _heading(status)
    if status.is_training:
        st.progress(min(status.progress.fraction, 1.0), text=_stage(status.progress))
    elif status.progress.message:
        st.markdown(markdown(status.progress.message.rstrip(". ") + "."))
    _figures(status.progress, record.rows(status.job))
    _curves(status)
    record.show_settings(status.job)
    record.show_log(status.job, is_open=status.progress.state == "failed")


def _heading(status: TrainingStatus) -> None:
    row = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
    state = "Training" if status.is_training else _ENDINGS.get(status.progress.state, "Last training")
    row.subheader(f"{state}: {run_markdown(status.job.name)}", anchor=False, width="stretch")
    with row.container(width=200):
        if status.is_training:
            cancel_training.show(status, sidebar.attempt, "cancel-on-page")
        elif _run(status) and st.button("Show the results", icon=":material/monitoring:", key="leave-to-results"):
            st.switch_page("pages/results.py", query_params={"run": status.job.name})


def _stage(progress: Progress) -> str:
    stage = markdown(progress.message) or f"Epoch {progress.epoch} of {progress.epochs}"
    left = "" if progress.seconds_left is None else f", {duration(progress.seconds_left)} left"
    return f"{stage} · {progress.fraction:.0%} of the whole job{left}"


def _figures(progress: Progress, rows: list[dict[str, float]]) -> None:
    """The latest numbers; all are there from the start, so that nothing moves when one becomes known."""
    last = rows[-1] if rows else {}
    figures = (
        ("Epoch", f"{progress.epoch} of {progress.epochs}" if progress.epoch else None),
        ("Loss", f"{progress.loss:.4f}" if progress.loss is not None else None),
        ("Accuracy", f"{progress.accuracy:.2%}" if progress.accuracy is not None else None),
        ("Validation accuracy", f"{progress.val_accuracy:.2%}" if progress.val_accuracy is not None else None),
        ("Learning rate", f"{last['learning_rate']:.2g}" if last else None),
        ("Images per second", f"{last['images_per_second']:,.0f}" if last else None),
        ("Time so far", duration(_seconds(progress)) if progress.started else None),
    )
    row = st.container(horizontal=True)
    for title, value in figures:
        row.metric(title, value or "–", width=140)


def _seconds(progress: Progress) -> float:
    end = progress.updated if progress.state in _ENDINGS else time.time()
    return max(end - progress.started, 0)


def _curves(status: TrainingStatus) -> None:
    job, progress = status.job, status.progress
    curves = training_curves.Curves(record.history(job), record.rows(job), progress.epochs, progress.steps)
    training_curves.show(curves, job.name, downloads=not status.is_training)


def _run(status: TrainingStatus) -> Run | None:
    if status.progress.state != "finished":
        return None
    try:
        return open_run(status.job.name)
    except DigitError:  # deleted since
        return None
