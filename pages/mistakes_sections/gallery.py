"""A page of test images; each is a button that opens it."""

from dataclasses import replace

import numpy as np
import streamlit as st

from digit_core.runs.run import Predictions
from pages.components import filters as views
from pages.components.filters import SHOWN, SORTS
from pages.components.image_html import data_uri

PER_PAGE = 36
_PAGE, _SHOW, _SORT, _NUMBER = "gallery_page", "gallery_show", "gallery_sort", "gallery_number"
_OPENED = "gallery_opened"
_STYLE = """
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(104px,1fr));gap:.7rem}
button{all:unset;box-sizing:border-box;cursor:pointer;padding:.35rem;border-radius:.6rem;
  border:1px solid var(--st-border-color,rgba(127,127,127,.3));color:var(--st-text-color,inherit);
  font-family:var(--st-font,inherit)}
button:hover{border-color:var(--st-primary-color,#0b66c3)}
button:focus-visible{outline:3px solid var(--st-primary-color,#0b66c3);outline-offset:1px}
img{display:block;width:100%;aspect-ratio:1;image-rendering:pixelated;border-radius:.35rem;background:#000}
.words{display:block;font-size:.82rem;line-height:1.35;margin-top:.3rem}
.more{opacity:.75}
"""
_SCRIPT = """
export default function ({data, parentElement, setTriggerValue}) {
  const element = (name, kind, text) =>
    Object.assign(document.createElement(name), {className: kind, textContent: text});
  parentElement.querySelector('.grid').replaceChildren(...data.cards.map(card => {
    const button = element('button', 'card', '');
    button.type = 'button';
    button.dataset.index = card.index;
    const image = Object.assign(new Image(), {src: card.picture, alt: card.alternative});
    const words = element('span', 'words', '');
    words.setAttribute('aria-hidden', 'true');
    words.append(element('b', '', card.label), ' read as ', element('b', '', card.read), element('br', '', ''),
      card.sure, element('br', '', ''), element('span', 'more', `no. ${card.index}`));
    button.append(image, words);
    button.onclick = () => setTriggerValue('opened', card.index);
    return button;
  }));
}
"""
_grid = st.components.v2.component("image_grid", html='<div class="grid"></div>', css=_STYLE, js=_SCRIPT)


@st.fragment
def show(predictions: Predictions, images: np.ndarray) -> None:
    """What to show and in which order, a page of it, and the way to the others; the only part that reruns for these."""
    _controls(len(images))
    if st.session_state.pop(_OPENED, False):
        st.rerun()  # the whole page: the open image is shown outside this fragment
    view = views.current(len(images))
    chosen = views.chosen_images(view, predictions)
    if not len(chosen):
        st.info("No image is like that. Choose other digits, or *All*.")
        return
    pages = -(-len(chosen) // PER_PAGE)
    # With the choice in the key: another one begins at its first page.
    key = f"{_PAGE}-{view.true}-{view.read}-{view.show}-{view.sort}"
    number = _pager(key, pages, len(chosen)) if pages > 1 else 1
    if pages == 1:
        st.caption("1 image" if len(chosen) == 1 else f"{len(chosen)} images")
    part = chosen[(number - 1) * PER_PAGE : number * PER_PAGE]
    result = _grid(
        key="image_grid",
        data={"cards": [card(int(index), predictions, images) for index in part]},
        on_opened_change=lambda: None,
    )
    if result.opened is not None:
        open_image(int(result.opened), len(images))
        st.rerun()


def card(index: int, predictions: Predictions, images: np.ndarray) -> dict:
    """What the grid shows of one image."""
    label, read = int(predictions.labels[index]), int(predictions.predicted[index])
    sure = f"{predictions.probabilities[index, read]:.1%} sure"
    return {
        "index": index,
        "label": str(label),
        "read": str(read),
        "sure": sure,
        "picture": data_uri(images[index]),
        "alternative": f"Test image {index}: {views.named(label)}, read as {read}, {sure}",
    }


def open_image(index: int | None, images: int) -> None:
    """Say in the address which image is open, or that none is."""
    if index is None or 0 <= index < images:  # a browser may send anything
        views.put(replace(views.current(images), image=index))


def _controls(images: int) -> None:
    view = views.current(images)
    st.session_state[_SHOW], st.session_state[_SORT] = view.show, view.sort
    row = st.container(horizontal=True, vertical_alignment="bottom")
    row.segmented_control(
        "Show", list(SHOWN), format_func=SHOWN.get, key=_SHOW, required=True, on_change=_show_changed, args=(images,)
    )
    row.selectbox(
        "Order", list(SORTS), format_func=SORTS.get, key=_SORT, on_change=_sort_changed, args=(images,), width=230
    )
    row.number_input(
        f"Image number, 0 to {images - 1:,}",
        0,
        images - 1,
        value=None,
        placeholder="open one",
        key=_NUMBER,
        on_change=_number_changed,
        args=(images,),
        width=200,
    )


def _show_changed(images: int) -> None:
    views.put(views.current(images).with_show(st.session_state[_SHOW]))


def _sort_changed(images: int) -> None:
    views.put(replace(views.current(images), sort=st.session_state[_SORT]))


def _number_changed(images: int) -> None:
    wanted = st.session_state[_NUMBER]
    if wanted is not None:
        open_image(int(wanted), images)
        st.session_state[_NUMBER], st.session_state[_OPENED] = None, True


def _pager(key: str, pages: int, count: int) -> int:
    """The number of the page to show, from 1."""
    st.session_state.setdefault(key, 1)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    number = row.number_input(f"Page, of {pages:,}", 1, pages, key=key, width=150)
    row.button("Previous", icon=":material/chevron_left:", disabled=number == 1, on_click=_turn, args=(key, number - 1))
    row.button(
        "Next", icon=":material/chevron_right:", disabled=number == pages, on_click=_turn, args=(key, number + 1)
    )
    first = (number - 1) * PER_PAGE
    row.caption(f"{first + 1:,} to {min(first + PER_PAGE, count):,} of {count:,} images")
    return number


def _turn(key: str, number: int) -> None:
    st.session_state[key] = number
