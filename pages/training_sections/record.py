"""What a training has written so far: its history, its record by step, its settings and its log."""

import streamlit as st

from digit_core.errors import DamagedRun
from digit_core.evaluation.settings import TITLES, value_in_words
from digit_core.jobs.trainings import Job
from digit_core.runs.run import Run
from digit_core.storage import paths
from pages.components.titles import markdown

_LOG_LINES = 60
_LOG_BYTES = 20_000
_LOG_HEIGHT = 320  # pixels


def rows(job: Job) -> list[dict[str, float]]:
    """The record by step; empty before the first one."""
    return job.steps()


def history(job: Job) -> list[dict[str, float]]:
    """A row for each epoch so far."""
    for folder in _folders(job):
        try:
            return Run(folder).history()
        except DamagedRun:  # no epoch has ended yet, or it is in the other folder
            continue
    return []


def show_settings(job: Job) -> None:
    """The settings, as far as they can be read."""
    with st.expander("Settings", icon=":material/tune:"):
        config = job.config()
        if config is None:
            st.caption("The settings of this training cannot be read.")
            return
        lines = [
            f"| {title} | {markdown(value_in_words(config, name))} |"
            for name, title in TITLES.items()
            if getattr(config, name) is not None
        ]
        st.markdown("| Setting | Value |\n|---|---|\n" + "\n".join(lines))


def show_log(job: Job, *, is_open: bool) -> None:
    """The last lines of the trainer's output."""
    with st.expander("Log", expanded=is_open, icon=":material/terminal:"):
        st.code(_log_tail(job) or "Nothing has been written yet.", language=None, height=_LOG_HEIGHT)


def _log_tail(job: Job) -> str:
    for folder in _folders(job):
        try:
            with (folder / "train.log").open("rb") as file:
                file.seek(max(file.seek(0, 2) - _LOG_BYTES, 0))
                text = file.read(_LOG_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        return "\n".join(text.splitlines()[-_LOG_LINES:])
    return ""


def _folders(job: Job) -> tuple:
    return job.folder, paths.runs_folder() / job.name
