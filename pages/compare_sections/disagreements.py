"""Two runs on the same test images: which is correct on which, and the images on which they disagree."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from digit_core.errors import DigitError
from digit_core.evaluation.comparison import Disagreement, data_of, disagreement
from digit_core.runs.run import Predictions, Run
from pages.components import charts, image_dialog, image_grid, mnist_prompt
from pages.components.cached import dataset, predictions_of
from pages.components.noted_errors import noted
from pages.components.percentages import probability
from pages.components.titles import markdown


@st.fragment
def show(runs: Sequence[Run], titles: dict[str, str]) -> None:
    """Choose two of the runs, and see where they disagree."""
    st.subheader("Where two runs disagree", anchor=False)
    comparable = [group for group in data_of(runs).values() if len(group) > 1]
    if not comparable:
        st.info("This takes two runs on the same data; choose another run above.", icon=":material/compare_arrows:")
        return
    by_name = {run.name: run for group in comparable for run in group}
    left, right = st.columns(2)
    a = by_name[left.selectbox("Run A", list(by_name), format_func=titles.get)]
    others = [run.name for group in comparable if a in group for run in group if run is not a]
    b = by_name[right.selectbox("Run B", others, format_func=titles.get)]
    try:
        by_a, by_b = predictions_of(a), predictions_of(b)
        found = _show_crossed(a, b)
        st.markdown(_summary(found))
        if mnist_prompt.is_missing(a):
            mnist_prompt.offer()
            return
        images = dataset(a.config.data)
        images.require_labels(by_a.labels, a.name)
        _show_images(found, a, by_a, by_b, images.x_test)
    except DigitError as error:  # caught here: a fragment reruns without the page around it
        st.error(markdown(noted(error)))


@charts.once
def _show_crossed(a: Run, b: Run) -> Disagreement:
    """Show how often each is correct; returns the images. Raises DamagedRun if they were tested on different ones."""
    found = disagreement(predictions_of(a), predictions_of(b))
    counts = {
        "B correct": [found.both_right.sum(), found.only_b.sum()],
        "B wrong": [found.only_a.sum(), found.both_wrong.sum()],
    }
    st.table(pd.DataFrame(counts, index=["A correct", "A wrong"]), width="content")
    return found


def _summary(found: Disagreement) -> str:
    """What the table shows, and whether it is significant."""
    only_a, only_b = int(found.only_a.sum()), int(found.only_b.sum())
    if not only_a and not only_b:
        return "A and B are correct on the same images: neither is shown to be better."
    verdict = "significant at the 5% level" if found.p_value < 0.05 else "not significant"
    p_value = probability(found.p_value)
    return (
        f"A alone is correct on **{only_a}** images, B alone on **{only_b}**. By chance, equally good runs differ by "
        f"this much or more in **{p_value}** of cases (McNemar's exact test). The difference is {verdict}."
    )


def _show_images(found: Disagreement, run: Run, a: Predictions, b: Predictions, images: np.ndarray) -> None:
    """The images of one kind of disagreement; one that is opened is shown with run A's prediction."""
    kinds = {
        "All disagreements": found.only_a | found.only_b | found.differently_wrong,
        "Only A correct": found.only_a,
        "Only B correct": found.only_b,
        "Both wrong, differently": found.differently_wrong,
    }
    kind = st.selectbox(
        "Images", list(kinds), format_func=lambda kind: f"{kind} ({kinds[kind].sum():,})", key="disagreement", width=320
    )
    chosen = np.flatnonzero(kinds[kind])
    # The most confident mistakes first.
    wrong = np.max([np.where(run.predicted == run.labels, 0, run.probabilities.max(1)) for run in (a, b)], axis=0)
    chosen = chosen[np.argsort(-wrong[chosen], kind="stable")]
    image_grid.show(
        chosen,
        lambda index: _card(index, a, b, images[index]),
        "disagreements",
        on_open=lambda index: image_dialog.open_image(index, len(images)),
    )
    image_dialog.show(run, a, chosen)


def _card(index: int, a: Predictions, b: Predictions, image: np.ndarray) -> image_grid.Card:
    label = int(a.labels[index])
    description, caption = f"Test image {index}, a {label}", f"<b>{label}</b> · no. {index}"
    for name, run in (("A", a), ("B", b)):
        predicted, confidence = int(run.predicted[index]), float(run.probabilities[index].max())
        description += f", predicted as {predicted} by {name}"
        caption += f"<br>{name}: <b>{predicted}</b> {'✓' if predicted == label else '✗'} {probability(confidence)} sure"
    return image_grid.Card(image, description, caption)
