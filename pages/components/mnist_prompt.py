"""Offers the ways to MNIST where its images are needed and missing: download, upload, or other data."""

import streamlit as st

from digit_core.access.actors import Action, is_permitted
from digit_core.datasets.installation import install_mnist
from digit_core.datasets.sources import MNIST_URL, fetch_mnist, is_available
from digit_core.errors import DigitError
from digit_core.jobs import trainings
from digit_core.runs.config import training_config
from digit_core.runs.run import Run
from pages.components.cached import dataset
from pages.components.noted_errors import noted
from pages.components.titles import markdown
from pages.components.training_status import shared_status

_FILE = "uploaded_mnist"


def is_missing(run: Run) -> bool:
    """Whether the images that a run was tested on have to be downloaded first."""
    return not is_available(run.config.data)


def offer() -> None:
    """Offer to download MNIST, to upload it, or to train on the bundled digits; problems are shown as sentences."""
    st.info("These are MNIST's images, which are not on this machine yet (11 MB).", icon=":material/download:")
    if not is_permitted(Action.IMPORT):
        st.caption("The owner of this app can download them.")
        return
    try:
        _download()
        _upload()
        _train_on_digits()
    except DigitError as error:
        st.error(markdown(noted(error)))


def _download() -> None:
    if st.button("Download MNIST", type="primary", icon=":material/download:"):
        bar = st.progress(0.0, text="Downloading MNIST")
        try:
            fetch_mnist(report=lambda part: bar.progress(part, text=f"Downloading MNIST: {part:.0%}"))
        finally:
            bar.empty()
        _show_images()


def _upload() -> None:
    file = st.file_uploader(
        "Without a network: upload mnist.npz", key=_FILE, type="npz", help=f"The file that {MNIST_URL} offers."
    )
    if file is not None:
        try:
            install_mnist(file)
        except DigitError as error:
            st.error(markdown(noted(error)))
        else:
            _show_images()


def _train_on_digits() -> None:
    st.caption("Or use scikit-learn's digits, which are bundled: train a run on them, in about a minute.")
    if st.button("Train on the bundled digits", icon=":material/play_arrow:"):
        trainings.start(training_config(data="digits"))
        shared_status().invalidate()
        st.rerun(scope="app")


def _show_images() -> None:
    dataset.clear()  # of what could not be loaded
    st.rerun(scope="app")
