"""A grid of test images, a page at a time; a click on one may open it."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import numpy as np
import streamlit as st

from pages.components.image_html import data_uri

PER_PAGE = 36
_STYLE = """
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(112px,1fr));gap:.7rem}
.card{all:unset;display:block;box-sizing:border-box;padding:.35rem;border-radius:.6rem;
  border:1px solid var(--st-border-color,rgba(127,127,127,.3));color:var(--st-text-color,inherit);
  font-family:inherit}
button{cursor:pointer}
button:hover{border-color:var(--st-primary-color,#0b66c3)}
button:focus-visible{outline:3px solid var(--st-primary-color,#0b66c3);outline-offset:1px}
img{display:block;width:100%;aspect-ratio:1;image-rendering:pixelated;border-radius:.35rem;background:#000}
.caption{display:block;font-size:.82rem;line-height:1.35;margin-top:.3rem}
.more{opacity:.75}
"""
_SCRIPT = """
export default function ({data, parentElement, setTriggerValue}) {
  const grid = parentElement.querySelector('.grid');
  if (parentElement.shown !== data.html) {  // the same cards keep the focus
    grid.innerHTML = data.html;
    parentElement.shown = data.html;
  }
  for (const card of grid.querySelectorAll('button'))
    card.onclick = () => setTriggerValue('opened', Number(card.dataset.index));
}
"""
_grid = st.components.v2.component("image_grid", html='<div class="grid"></div>', css=_STYLE, js=_SCRIPT)


@dataclass(frozen=True)
class Card:
    """An image (28, 28), or None if it is not on this machine; its text alternative; and HTML to show below it."""

    image: np.ndarray | None
    description: str
    caption: str


def show(
    indices: np.ndarray, card: Callable[[int], Card], key: str, on_open: Callable[[int], None] | None = None
) -> None:
    """Show a page of the images with these indices, int (n,), and the way to the other pages.

    With `on_open` the cards are buttons; it is called with the index of the one that was clicked,
    before the whole page runs again.
    """
    if not len(indices):
        st.info("No images match.")
        return
    # Named after the indices: another selection starts at its first page.
    start = PER_PAGE * (_page_number(f"{key}-page-{zlib.crc32(indices.tobytes())}", len(indices)) - 1)
    shown = indices[start : start + PER_PAGE].tolist()
    html = "".join(_html(index, card(index), is_button=on_open is not None) for index in shown)
    result = _grid(key=key, data={"html": html}, on_opened_change=lambda: None)
    if on_open is not None and result.opened in shown:  # a browser may send anything
        on_open(int(result.opened))
        st.rerun()


def _page_number(key: str, count: int) -> int:
    """The controls to turn the pages, if there are several; returns the page to show, from 1."""
    pages = -(-count // PER_PAGE)
    if pages == 1:
        st.caption("1 image" if count == 1 else f"{count} images")
        return 1
    number = st.session_state.setdefault(key, 1)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    row.number_input(f"Page {number:,} of {pages:,}", 1, pages, key=key, width=120)
    for name, icon, other in (("Previous", "chevron_left", number - 1), ("Next", "chevron_right", number + 1)):
        row.button(
            name,
            icon=f":material/{icon}:",
            key=f"{key}-{name}",
            disabled=not 1 <= other <= pages,
            on_click=st.session_state.update,
            args=({key: other},),
        )
    row.caption(f"{(number - 1) * PER_PAGE + 1:,} to {min(number * PER_PAGE, count):,} of {count:,} images")
    return number


def _html(index: int, card: Card, *, is_button: bool) -> str:
    image = "" if card.image is None else f'<img src="{_data_uri(card.image)}" alt="{escape(card.description)}">'
    if is_button:  # its name is the image's description, which says the same as the caption
        caption = f'<span class="caption" aria-hidden="true">{card.caption}</span>'
        return f'<button type="button" class="card" data-index="{index}">{image}{caption}</button>'
    return f'<figure class="card">{image}<figcaption class="caption">{card.caption}</figcaption></figure>'


def _data_uri(image: np.ndarray) -> str:
    """As `data_uri`; the same few images are shown to many people."""
    return _encoded(image.tobytes(), image.dtype.str, image.shape)


@lru_cache(maxsize=4096)
def _encoded(pixels: bytes, dtype: str, shape: tuple[int, ...]) -> str:
    return data_uri(np.frombuffer(pixels, dtype).reshape(shape))
