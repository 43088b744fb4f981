"""Recognisers and data sets, loaded once and shared by every visitor."""

import streamlit as st

from digit_core import Recognizer
from digit_core.datasets.loading import load_dataset
from digit_core.datasets.sources import Dataset
from digit_core.errors import DamagedRun
from digit_core.runs.active_run import activate, usable_active_run
from digit_core.runs.run import SHIPPED, Run, open_run


def active_recognizer() -> tuple[Recognizer, str | None]:
    """The recogniser that reads now, and a sentence if it is not the one that should.

    Raises DamagedRun if not even the shipped run can be used.
    """
    run, problem = usable_active_run()
    try:
        return recognizer_of(run), problem
    except DamagedRun as error:
        if run.name == SHIPPED:
            raise
        return recognizer_of(open_run(SHIPPED)), f"{error} The shipped run is used instead."


def activate_if_usable(name: str) -> None:
    """Let this run read from now on, if it can. Raises UnknownRun, DamagedRun or StorageError."""
    recognizer_of(open_run(name))  # a model is not opened when runs are listed
    activate(name)


def recognizer_of(run: Run) -> Recognizer:
    """A run's recogniser; loaded again when its model file has changed."""
    model = run.path / "model.tflite"
    return _recognizer(run, str(run.path), model.stat().st_mtime_ns if model.is_file() else 0)


@st.cache_resource(max_entries=4, show_spinner=False)
def _recognizer(_run: Run, path: str, changed: int) -> Recognizer:
    return Recognizer(_run)


@st.cache_resource(max_entries=2, show_spinner="Loading the test images")
def dataset(name: str) -> Dataset:
    """A data set that is on the machine. Raises DataUnavailable or DataDamaged."""
    return load_dataset(name)
