"""Two runs on the same test images: who reads what right, and the images on which they disagree."""

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from digit_core.errors import DigitError
from digit_core.evaluation.comparison import Disagreement, data_of, disagreement
from digit_core.runs.run import Predictions, Run
from pages.components import mnist_prompt
from pages.components.cached import dataset
from pages.components.image_html import picture
from pages.components.titles import markdown

_PER_PAGE = 24
_STYLE = """
<style>
.disagreements{display:grid;grid-template-columns:repeat(auto-fill,minmax(128px,1fr));gap:1rem}
.disagreements figure{margin:0}.disagreements img{width:100%;height:auto;max-width:128px}
.disagreements figcaption{font-size:.82rem;line-height:1.4;margin-top:.3rem}
.disagreements .wrong{opacity:.75}
.crossed{border-collapse:collapse;font-variant-numeric:tabular-nums}
.crossed caption{caption-side:bottom;text-align:left;font-size:.85rem;opacity:.75;padding-top:.3rem}
.crossed th,.crossed td{border:1px solid rgba(127,127,127,.4);padding:.4rem .8rem}
.crossed th{font-weight:600;text-align:left}.crossed td{text-align:right;min-width:6rem;font-size:1.1rem}
</style>
"""


@st.fragment
def show(runs: Sequence[Run], titles: dict[str, str]) -> None:
    """Choose two of the runs, and see where they part."""
    st.subheader("Where two runs disagree", anchor=False)
    pairs = [same for same in data_of(runs).values() if len(same) > 1]
    if not pairs:
        st.info("This takes two runs on the same data; choose another run above.", icon=":material/compare_arrows:")
        return
    by_name = {run.name: run for same in pairs for run in same}
    left, right = st.columns(2)
    a = by_name[left.selectbox("Run A", list(by_name), format_func=titles.get)]
    others = [run.name for same in pairs if a in same for run in same if run is not a]
    b = by_name[right.selectbox("Run B", others, format_func=titles.get)]
    try:
        said_a, said_b = a.predictions(), b.predictions()
        found = disagreement(said_a, said_b)
        st.html(f"{_STYLE}{_crossed(found)}")
        st.markdown(_sentence(found))
        if mnist_prompt.is_missing(a):
            mnist_prompt.offer_download()
            return
        images = dataset(a.config.data)
        images.require_labels(said_a.labels, a.name)
        _show_images(found, said_a, said_b, images.x_test)
    except DigitError as error:  # caught here: a fragment runs again without the page around it
        st.error(markdown(str(error)))


def _crossed(found: Disagreement) -> str:
    rows = (("right", found.both_right, found.only_a), ("wrong", found.only_b, found.both_wrong))
    body = "".join(
        f"<tr><th scope=row>A {how}</th><td>{with_right.sum():,}</td><td>{with_wrong.sum():,}</td></tr>"
        for how, with_right, with_wrong in rows
    )
    return (
        "<table class=crossed><caption>Test images, counted</caption>"
        f"<tr><td></td><th scope=col>B right</th><th scope=col>B wrong</th></tr>{body}</table>"
    )


def _sentence(found: Disagreement) -> str:
    """What the table says, and whether chance would say it too."""
    only_a, only_b = int(found.only_a.sum()), int(found.only_b.sum())
    if not only_a and not only_b:
        return "A and B read the same images right: nothing here says that one of them is better."
    verdict = (
        "Chance rarely does that: one of them probably reads better."
        if found.p_value < 0.05
        else "Chance does that often enough: this does not show that one of them reads better."
    )
    return (
        f"A reads **{only_a}** {_images(only_a)} right that B misreads, and B **{only_b}** the other way. "
        f"If both read equally well, a difference this large or larger would come by chance in "
        f"**{_per_cent(found.p_value)}** of cases (McNemar's exact test). {verdict}"
    )


def _show_images(found: Disagreement, a: Predictions, b: Predictions, images: np.ndarray) -> None:
    kinds = {
        "Every disagreement": found.only_a | found.only_b | found.differently_wrong,
        "Only A right": found.only_a,
        "Only B right": found.only_b,
        "Both wrong, differently": found.differently_wrong,
    }
    kind = st.selectbox(
        "Images", list(kinds), format_func=lambda kind: f"{kind} ({kinds[kind].sum():,})", key="disagreement", width=320
    )
    chosen = np.flatnonzero(kinds[kind])
    if not len(chosen):
        st.info("There is no such image.")
        return
    # Those first on which whoever is wrong is most certain.
    wrong = np.max([np.where(said.predicted == said.labels, 0, said.probabilities.max(1)) for said in (a, b)], axis=0)
    chosen = chosen[np.argsort(-wrong[chosen], kind="stable")]
    pages = -(-len(chosen) // _PER_PAGE)
    number = st.number_input(f"Page, of {pages}", 1, pages, 1, width=160) if pages > 1 else 1
    cards = [_card(index, a, b, images[index]) for index in chosen[(number - 1) * _PER_PAGE : number * _PER_PAGE]]
    st.html(f"{_STYLE}<div class=disagreements>{''.join(cards)}</div>")


def _card(index: int, a: Predictions, b: Predictions, image: np.ndarray) -> str:
    label, said, words = int(a.labels[index]), [], [f"Test image {index}, a {a.labels[index]}"]
    for name, run in (("A", a), ("B", b)):
        read, sure = int(run.predicted[index]), float(run.probabilities[index].max())
        right = read == label
        words.append(f"read as {read} by {name}")
        said.append(
            f"<span class={'right' if right else 'wrong'}>{name}: <b>{read}</b> {'✓' if right else '✗'} "
            f"{sure:.1%} sure</span>"
        )
    alternative = escape(", ".join(words))
    return (
        f"<figure>{picture(image, 128, alternative)}<figcaption><b>{label}</b> · no. {index}<br>"
        f"{'<br>'.join(said)}</figcaption></figure>"
    )


def _images(count: int) -> str:
    return "image" if count == 1 else "images"


def _per_cent(share: float) -> str:
    if share < 0.001:
        return "less than 0.1 %"
    return f"{share * 100:.0f} %" if share >= 0.095 else f"{share * 100:.1f} %"
