"""Is it the model or the label? The test images whose label may be wrong, to look at."""

from html import escape

import numpy as np
import pandas as pd
import streamlit as st

from digit_core.datasets.sources import TITLES, is_available
from digit_core.evaluation.label_errors import Suspects, confirmed_in, suspects_of
from digit_core.runs.run import Run
from pages.components.cached import dataset
from pages.components.downloads import csv_button
from pages.components.image_html import picture
from pages.results_sections.per_class import changed

_PER_PAGE = 24
_STYLE = """
<style>
.labels{display:grid;grid-template-columns:repeat(auto-fill,minmax(112px,1fr));gap:1rem}
.labels figure{margin:0}.labels img{width:100%;height:auto;max-width:140px}
.labels figcaption{font-size:.82rem;line-height:1.35;margin-top:.3rem}
.labels .more{opacity:.7}
</style>
"""


def show_label_errors(run: Run) -> None:
    """The list with images, what people found, and the accuracy with and without them. Raises DigitError."""
    found = _suspects(str(run.path), changed(run), run)
    predictions = run.predictions()
    right = predictions.predicted == predictions.labels
    confirmed = np.array(confirmed_in(run.config.data), int)
    st.markdown(
        f"Not every mistake is the model's: some test images carry a wrong label. These {len(found.index)} of "
        f"{len(right):,} are the likeliest, by *confident learning*: the model gives the label little compared with "
        "another digit."
    )
    _show_accuracies(run, right, found, confirmed)
    names = [f"all {len(found.index)}", "misread"] + ["confirmed", "not confirmed"] * bool(len(confirmed))
    shown = st.segmented_control("Show", names, default=names[0], key="labels-shown") or names[0]
    keep = {
        names[0]: np.ones(len(found.index), bool),
        "misread": ~right[found.index],
        "confirmed": found.confirmed,
        "not confirmed": ~found.confirmed,
    }[shown]
    chosen = np.flatnonzero(keep)
    if len(chosen):
        _show_images(run, found, chosen, predictions.predicted)
    else:
        st.info("No image is like that.")
    csv_button(_table(found, predictions.predicted), f"{run.name}-labels")
    with st.expander("How the list is made", icon=":material/help:"):
        _explain(found)


def _show_accuracies(run: Run, right: np.ndarray, found: Suspects, confirmed: np.ndarray) -> None:
    rest = np.ones(len(right), bool)
    rest[confirmed] = False
    row = st.container(horizontal=True)
    row.metric("Test accuracy", f"{right.mean():.2%}", help=f"All {len(right):,} test images.", width=200)
    if not len(confirmed):
        st.caption(f"Of {TITLES[run.config.data]} no label is known to be wrong, so nothing is left out.")
        return
    row.metric(
        f"Without the {len(confirmed)}",
        f"{right[rest].mean():.2%}",
        help=f"Without the {len(confirmed)} images whose label people found wrong.",
        width=200,
    )
    row.metric("Confirmed errors in the list", f"{found.confirmed.sum()} of {len(confirmed)}", width=220)
    missed = len(confirmed) - int(found.confirmed.sum())
    st.caption(
        f"In a study of {TITLES[run.config.data]} five people looked at each of 100 images, and of {len(confirmed)} "
        f"the majority did not see the label's digit. {int((~right[confirmed]).sum())} of these {len(confirmed)} are "
        f"misread; the other {int(right[confirmed].sum())} the model reads as labelled. "
        + (f"{missed} are not in the list: of others the model doubts the label more." if missed else "")
    )


def _show_images(run: Run, found: Suspects, chosen: np.ndarray, predicted: np.ndarray) -> None:
    images = _images(run)
    pages = -(-len(chosen) // _PER_PAGE)
    number = 1
    if pages > 1:
        number = st.number_input(f"Page, of {pages}", 1, pages, 1, width=160, key=f"labels-page-{len(chosen)}")
    cards = []
    for at in chosen[(number - 1) * _PER_PAGE : number * _PER_PAGE]:
        index, label, read = found.index[at], found.label[at], predicted[found.index[at]]
        says = f"the model says <b>{read}</b>" if read != label else f"so the model, then <b>{found.guess[at]}</b>"
        verdict = (
            "people found the label wrong"
            if found.confirmed[at]
            else f"margin {found.margin[at]:+.2f}".replace("-", "−")
        )
        words = escape(f"Test image {index}: labelled {label}, read as {read}; {verdict}")
        shape = picture(images[index], 112, words) if images is not None else ""
        mark = f"<b>✗ {verdict}</b>" if found.confirmed[at] else f"<span class='more'>{verdict}</span>"
        cards.append(
            f"<figure>{shape}<figcaption>labelled <b>{label}</b>, {says}<br>{mark} "
            f"<span class='more'>· no. {index}</span></figcaption></figure>"
        )
    if images is None:
        st.info("The pictures are MNIST's, which is not on this machine yet; the page *Mistakes* fetches it (11 MB).")
    st.html(f"{_STYLE}<div class='labels'>{''.join(cards)}</div>")


def _images(run: Run) -> np.ndarray | None:
    if not is_available(run.config.data):
        return None
    data = dataset(run.config.data)
    data.require_labels(run.predictions().labels, run.name)
    return data.x_test


def _table(found: Suspects, predicted: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "index": found.index,
            "label": found.label,
            "read_as": predicted[found.index],
            "likeliest_other": found.guess,
            "margin": found.margin,
            "confident_error": found.confident,
            "confirmed": found.confirmed,
        }
    )


def _explain(found: Suspects) -> None:
    st.markdown(
        f"""
The images are in the order of their **normalised margin**: the calibrated probability of the label less that of the
likeliest other digit, from −1 to 1; below 0 the model says another digit. The list is a hundredth of the test set,
as many as were looked at when MNIST's label errors were found ([Northcutt, Athalye and Mueller
2021](https://arxiv.org/abs/2103.14749)); with the same effort, what a list finds can be compared.

**Confident learning** itself ([Northcutt, Jiang and Chuang 2021](https://arxiv.org/abs/1911.00068)) is stricter: an
image must reach another digit's threshold, the mean probability of that digit on images labelled so. Of these images
{int(found.confident.sum())} do. A model that is nearly always right has thresholds near 1, which hardly any mistake
reaches.

*Confirmed* are the images of which fewer than three of five people saw the label's digit, by the study's
[published votes](https://github.com/cleanlab/label-errors).
"""
    )


@st.cache_data(max_entries=16, show_spinner=False)
def _suspects(path: str, changed: tuple[int, ...], _run: Run) -> Suspects:
    return suspects_of(_run)
