"""What a page says where it would show MNIST's images and they are not on this machine."""

import streamlit as st

from digit_core.datasets.sources import fetch_mnist, is_available
from digit_core.runs.run import Run


def is_missing(run: Run) -> bool:
    """Whether the images that a run was tested on would have to be fetched."""
    return not is_available(run.config.data)


def offer_download() -> None:
    """Say so, and fetch MNIST when asked. Raises DataUnavailable, DataDamaged or StorageError."""
    st.info("The pictures are MNIST's, which is not on this machine yet (11 MB).", icon=":material/download:")
    if not st.button("Download MNIST", type="primary"):
        return
    bar = st.progress(0.0, text="Fetching MNIST")
    try:
        fetch_mnist(report=lambda part: bar.progress(part, text=f"Fetching MNIST: {part:.0%}"))
    finally:
        bar.empty()
    st.rerun(scope="app")
