"""Recognisers, occlusion explainers, predictions and data sets, loaded once and shared by every visitor."""

import streamlit as st

from digit_core import Recognizer
from digit_core.datasets.loading import load_dataset
from digit_core.datasets.sources import Dataset
from digit_core.errors import DamagedRun
from digit_core.inference.occlusion import Explainer
from digit_core.runs.active_run import activate, usable_active_run
from digit_core.runs.run import SHIPPED, Predictions, Run, open_run

MOST_RUNS = 20  # whose predictions of an image are shown beside each other
# A run whose files have changed is another entry in the cache.
BY_FINGERPRINT = {Run: lambda run: run.fingerprint}


def active_recognizer() -> tuple[Recognizer, str | None]:
    """The active run's recogniser; or, if that cannot be used, the shipped run's and a sentence that says why.

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
    """Make this run the active one if its model can be loaded. Raises UnknownRun, DamagedRun or StorageError."""
    recognizer_of(open_run(name))
    activate(name)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=BY_FINGERPRINT)
def recognizer_of(run: Run) -> Recognizer:
    """A run's recogniser. Raises DamagedRun."""
    return Recognizer(run)


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=BY_FINGERPRINT)
def explainer_of(run: Run) -> Explainer:
    """A run's explainer. Raises DamagedRun."""
    return Explainer(run)


@st.cache_resource(max_entries=2, show_spinner="Loading the test images")
def dataset(name: str) -> Dataset:
    """A data set that is on the machine. Raises DataUnavailable or DataDamaged."""
    return load_dataset(name)


@st.cache_resource(max_entries=MOST_RUNS + 4, show_spinner=False, hash_funcs=BY_FINGERPRINT)
def predictions_of(run: Run) -> Predictions:
    """A run's predictions on its test images. Raises DamagedRun."""
    return run.predictions()
