"""The training that runs now, or the last one. Only this part of the page reruns while it is open."""

import time

import streamlit as st

from digit_core.access.actors import Action, is_permitted
from digit_core.errors import DigitError
from digit_core.runs.run import Run, open_run
from digit_core.runs.schemas import Progress
from pages.components import cancel_training, status_events, training_curves
from pages.components.titles import duration, markdown, run_markdown
from pages.components.training_status import TrainingStatus, shared_status
from pages.training_sections import record

_SECONDS = 2.0  # between two reruns while a training runs
_ENDINGS = {"finished": "Finished", "cancelled": "Cancelled", "failed": "Failed"}


@st.fragment
def show(attempt: cancel_training.Attempt) -> None:
    """Progress and curves; every two seconds while a training runs, else when one starts.

    *Cancel* has `attempt` cancel the training.
    """
    status = shared_status().get()
    status_events.rerun_on_change("live", seconds=_SECONDS if status.is_training else None)
    if status.job is None:
        st.info(
            "No training yet. Choose the settings in the sidebar and press *Retrain*: its progress and its curves "
            "appear here."
            if is_permitted(Action.TRAIN)
            else "No training yet. When the owner starts one, its progress and its curves appear here.",
            icon=":material/model_training:",
        )
        return
    if status.progress is None:
        st.info("A training of another user of this machine is running; its progress cannot be read.")
        return
    _heading(status, attempt)
    if status.is_training:
        st.progress(min(status.progress.fraction, 1.0), text=_stage(status.progress))
    elif status.progress.message:
        st.markdown(markdown(status.progress.message.rstrip(". ") + "."))
    _figures(status.progress, record.rows(status.job), record.history(status.job))
    _curves(status)
    record.show_settings(status.job)
    record.show_log(status.job, is_open=status.progress.state == "failed")


def _heading(status: TrainingStatus, attempt: cancel_training.Attempt) -> None:
    row = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
    state = "Training" if status.is_training else _ENDINGS.get(status.progress.state, "Last training")
    row.subheader(f"{state}: {run_markdown(status.job.name)}", anchor=False, width="stretch")
    with row.container(width=200):
        if status.is_training:
            cancel_training.show(status, attempt, "cancel-on-page")
        elif _run(status) and st.button("Show the results", icon=":material/monitoring:", key="leave-to-results"):
            st.switch_page("pages/results.py", query_params={"run": status.job.name})


def _stage(progress: Progress) -> str:
    stage = markdown(progress.message) or f"Epoch {progress.epoch} of {progress.epochs}"
    left = "" if progress.seconds_left is None else f", {duration(progress.seconds_left)} left"
    so_far = f", {duration(max(time.time() - progress.started, 0))} so far" if progress.started else ""
    return f"{stage} · {progress.fraction:.0%} of the whole job{so_far}{left}"


def _figures(progress: Progress, rows: list[dict[str, float]], history: list[dict[str, float]]) -> None:
    """The latest numbers; all are there from the start, so that nothing moves when one becomes known."""
    last, epoch = rows[-1] if rows else {}, history[-1] if history else {}
    # The last progress of a training that has ended has no numbers of its own.
    number = progress.epoch or int(epoch.get("epoch", 0))
    loss = epoch.get("loss") if progress.loss is None else progress.loss
    accuracy = epoch.get("accuracy") if progress.accuracy is None else progress.accuracy
    validated = epoch.get("val_accuracy") if progress.val_accuracy is None else progress.val_accuracy
    figures = (
        ("Epoch", f"{number}/{max(progress.epochs, number)}" if number else None),
        ("Loss", f"{loss:.4f}" if loss is not None else None),
        ("Accuracy", f"{accuracy:.2%}" if accuracy is not None else None),
        ("Validation accuracy", f"{validated:.2%}" if validated is not None else None),
        ("Learning rate", f"{last['learning_rate']:.2g}" if last else None),
        ("Images per second", f"{last['images_per_second']:,.0f}" if last else None),
    )
    row = st.container(key="metrics-of-training", horizontal=True)
    for title, value in figures:
        row.metric(title, value or "–", width=122)


def _curves(status: TrainingStatus) -> None:
    job, progress, history = status.job, status.progress, record.history(status.job)
    epochs = progress.epochs or len(history)
    curves = training_curves.Curves(history, record.rows(job), epochs, progress.steps)
    training_curves.show(curves, job.name, downloads=not status.is_training)


def _run(status: TrainingStatus) -> Run | None:
    if status.progress.state != "finished":
        return None
    try:
        return open_run(status.job.name)
    except DigitError:  # deleted since
        return None
