"""Every test image that a run misreads, most confident first."""

import numpy as np
import streamlit as st

from digit_core.errors import DamagedRun, DataDamaged, DataUnavailable, DigitError
from digit_core.records.datasets import TITLES, fetch_mnist, mnist_file
from digit_core.records.runs import Run, TestPredictions
from pages.shared import frame
from pages.shared.models import dataset
from pages.shared.pictures import picture
from pages.shared.run_picker import pick_run

_PER_PAGE = 24
_STYLE = """
<style>
.mistakes{display:grid;grid-template-columns:repeat(auto-fill,minmax(112px,1fr));gap:1rem}
.mistakes figure{margin:0}.mistakes img{width:100%;height:auto;max-width:140px}
.mistakes figcaption{font-size:.82rem;line-height:1.35;margin-top:.3rem}
.mistakes .more{opacity:.7}
</style>
"""


def show_mistakes(run: Run) -> None:
    """Filters, a page of images, and the way to the next page."""
    if run.config.data == "mnist" and mnist_file() is None:
        offer_download()
        return
    images = dataset(run.config.data)
    predictions = run.predictions()
    if not np.array_equal(predictions.labels, images.y_test):
        raise DamagedRun(f"The predictions of {run.name} are not about the test images on this machine.")
    wrong = np.flatnonzero(predictions.predicted != predictions.labels)
    st.markdown(f"**{len(wrong)}** of {len(images.y_test):,} {TITLES[run.config.data]} test images are misread.")
    if not len(wrong):
        st.success("There is no mistake to show.")
        return
    chosen = filtered(wrong, predictions)
    if not len(chosen):
        st.info("No mistake is like that. Choose other digits.")
        return
    show_page(chosen, predictions, images.x_test)


def filtered(wrong: np.ndarray, predictions: TestPredictions) -> np.ndarray:
    """Indices of the mistakes that the person wants to see, most confident first."""
    left, right = st.columns(2)
    true = left.selectbox("True digit", ["any", *range(10)], key="true_digit")
    read = right.selectbox("Read as", ["any", *range(10)], key="read_as")
    keep = np.ones(len(wrong), bool)
    if true != "any":
        keep &= predictions.labels[wrong] == true
    if read != "any":
        keep &= predictions.predicted[wrong] == read
    kept = wrong[keep]
    return kept[np.argsort(-predictions.probabilities[kept].max(1), kind="stable")]


def show_page(chosen: np.ndarray, predictions: TestPredictions, images: np.ndarray) -> None:
    """One page of the images; the grid is a single piece of HTML."""
    pages = -(-len(chosen) // _PER_PAGE)
    number = st.number_input(f"Page, of {pages}", 1, pages, 1, width=160) if pages > 1 else 1
    cards = []
    for index in chosen[(number - 1) * _PER_PAGE : number * _PER_PAGE]:
        label, read = predictions.labels[index], predictions.predicted[index]
        words = f"Test image {index}: a {label}, read as {read}"
        cards.append(
            f"<figure>{picture(images[index], 112, words)}<figcaption><b>{label}</b> read as <b>{read}</b><br>"
            f"{predictions.probabilities[index, read]:.1%} sure <span class='more'>· no. {index}</span>"
            "</figcaption></figure>"
        )
    st.html(f"{_STYLE}<div class='mistakes'>{''.join(cards)}</div>")


def offer_download() -> None:
    """MNIST is not here yet: say so, and fetch it when asked."""
    st.info(
        "The pictures of this run are MNIST's, which is not on this machine yet (11 MB).", icon=":material/download:"
    )
    if not st.button("Download MNIST", type="primary"):
        return
    bar = st.progress(0.0, text="Fetching MNIST")
    try:
        fetch_mnist(report=lambda part: bar.progress(part, text=f"Fetching MNIST: {part:.0%}"))
    finally:
        bar.empty()
    st.rerun()


frame.require()
st.title("Mistakes")
run = pick_run()
if run is not None:
    try:
        show_mistakes(run)
    except (DataUnavailable, DataDamaged) as error:
        st.error(str(error), icon=":material/cloud_off:")
    except DigitError as error:
        st.error(str(error))
