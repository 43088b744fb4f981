"""Offers to download MNIST where its images are needed and missing."""

import streamlit as st

from digit_core.datasets.sources import fetch_mnist, is_available
from digit_core.runs.run import Run


def is_missing(run: Run) -> bool:
    """Whether the images that a run was tested on have to be downloaded first."""
    return not is_available(run.config.data)


def offer_download() -> None:
    """Show a button that downloads MNIST. Raises DataUnavailable, DataDamaged or StorageError."""
    st.info("These are MNIST's images, which are not on this machine yet (11 MB).", icon=":material/download:")
    if st.button("Download MNIST", type="primary"):
        bar = st.progress(0.0, text="Downloading MNIST")
        try:
            fetch_mnist(report=lambda part: bar.progress(part, text=f"Downloading MNIST: {part:.0%}"))
        finally:
            bar.empty()
        st.rerun(scope="app")
