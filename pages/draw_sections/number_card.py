"""Several digits: the number large, and a small card for each digit; a click on one shows its full card."""

from html import escape

import numpy as np
import streamlit as st
from PIL import Image

from digit_core.inference.recognizer import Number, Prediction, RecognizedDigit
from digit_core.preprocessing.grayscale import as_rgb
from pages.components import prediction_card
from pages.components.image_html import data_uri, photo_uri

_LARGEST = 640, 420  # pixels, an uploaded picture on screen
_MOST_CARDS = 60  # a picture of a page can hold hundreds of marks
_NUMBER_STYLE = """
<style>
.number{font-size:var(--card-font,1rem)}
.number .says{font-size:1.1em;opacity:.85}
.number .text{font-size:3.6em;font-weight:700;line-height:1.1;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.number .doubt{font-size:.9em;opacity:.85}
</style>
"""
_CARD_STYLE = """
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(5.5em,1fr));gap:.6em;
  font-size:var(--card-font,1rem);font-family:inherit;color:var(--st-text-color,inherit)}
button{all:unset;box-sizing:border-box;cursor:pointer;display:grid;grid-template-columns:auto 1fr;gap:0 .4em;
  align-items:center;padding:.4em;border-radius:.6em;border:1px solid var(--st-border-color,rgba(127,127,127,.3))}
button:hover,button[aria-pressed=true]{border-color:var(--st-primary-color,#0b66c3)}
button[aria-pressed=true]{box-shadow:inset 0 0 0 1px var(--st-primary-color,#0b66c3)}
button:focus-visible{outline:3px solid var(--st-primary-color,#0b66c3);outline-offset:1px}
img{grid-column:1/-1;width:100%;aspect-ratio:1;object-fit:contain;image-rendering:pixelated;border-radius:.35em;
  background:#000;margin-bottom:.3em}
b{font-size:1.5em;line-height:1}
small{font-size:.8em;opacity:.85;text-align:right}
.doubtful{border-style:dashed;border-color:#d97706}
"""
_CARD_SCRIPT = """
export default function ({data, parentElement, setTriggerValue}) {
  const cards = parentElement.querySelector('.cards');
  if (cards.shown !== data.html) cards.innerHTML = cards.shown = data.html;
  for (const card of cards.querySelectorAll('button'))
    card.onclick = () => setTriggerValue('opened', Number(card.dataset.index));
}
"""
_cards = st.components.v2.component("digit_cards", html='<div class="cards"></div>', css=_CARD_STYLE, js=_CARD_SCRIPT)
_PICTURE_STYLE = """
<style>
.boxes{position:relative;display:inline-block;max-width:100%;font-size:0}
.boxes img{display:block;max-width:100%;height:auto;border-radius:.4rem}
.boxes i{position:absolute;box-sizing:border-box;border:2px solid #e8590c;outline:1px solid rgba(255,255,255,.7);
  border-radius:2px}
.boxes span{position:absolute;left:-2px;bottom:100%;background:#b3420a;color:#fff;font:600 11px/15px sans-serif;
  padding:0 4px;border-radius:3px 3px 0 0}
</style>
"""


def show(number: Number, key: str) -> RecognizedDigit | None:
    """Show a number of several digits and return the one whose card is open; `key` is unique on the page."""
    doubtful = sum(_is_doubtful(digit.prediction) for digit in number.digits)
    doubt = f"{'1 digit is' if doubtful == 1 else f'{doubtful} digits are'} doubtful (dashed)." if doubtful else ""
    st.html(
        f'{_NUMBER_STYLE}<div class="number" aria-live="polite"><div class="says">Recognised: </div>'
        f'<div class="text" data-testid="number">{number.text}</div><div class="doubt">{doubt}</div></div>'
    )
    state = f"{key}-opened"
    shown = st.session_state.get(state)
    opened = shown[1] if shown and shown[0] == number.text else None  # another number: its cards are closed
    digits = number.digits[:_MOST_CARDS]
    result = _cards(
        data={"html": "".join(_card(place, digit, place == opened) for place, digit in enumerate(digits))},
        on_opened_change=lambda: _toggle(key, state, number.text),
        key=key,
    )
    del result
    if len(number.digits) > _MOST_CARDS:
        st.caption(f"The first {_MOST_CARDS} of {len(number.digits)} digits.")
    st.caption("Select a digit to see its probabilities and the steps to its model input.")
    if not isinstance(opened, int) or not 0 <= opened < len(digits):
        return None
    with st.container(border=True):
        st.markdown(f"**Digit {opened + 1} of {len(number.digits)}**")
        prediction_card.show(digits[opened].prediction, digits[opened].steps)
    return digits[opened]


def show_picture(image: Image.Image, number: Number) -> None:
    """Show a picture with a numbered box around each of its digits."""
    shown = as_rgb(image)
    width, height = shown.size
    shown.thumbnail(_LARGEST)
    boxes = ""
    for place, digit in enumerate(number.digits, 1) if len(number.digits) > 1 else ():
        left, top, right, bottom = digit.box
        boxes += (
            f'<i style="left:{100 * left / width:.2f}%;top:{100 * top / height:.2f}%;'
            f'width:{100 * (right - left) / width:.2f}%;height:{100 * (bottom - top) / height:.2f}%">'
            f"<span>{place}</span></i>"
        )
    description = escape(f"The uploaded picture, recognised as {number.text}")
    st.html(
        f'{_PICTURE_STYLE}<div class="boxes"><img src="{photo_uri(shown)}" alt="{description}" '
        f'width="{shown.width}" height="{shown.height}">{boxes}</div>'
    )


def _toggle(key: str, state: str, text: str) -> None:
    chosen = st.session_state[key].opened
    st.session_state[state] = None if st.session_state.get(state) == (text, chosen) else (text, chosen)


def _is_doubtful(prediction: Prediction) -> bool:
    return not prediction.is_digit or prediction.confidence < prediction_card.SURE


def _card(place: int, digit: RecognizedDigit, is_open: bool) -> str:
    prediction = digit.prediction
    sure = "not a digit?" if not prediction.is_digit else prediction_card.percentage(prediction.confidence)
    return (
        f'<button type="button" data-index="{place}" aria-pressed="{str(is_open).lower()}" '
        f'class="{"doubtful" if _is_doubtful(prediction) else ""}" '
        f'aria-label="Digit {place + 1}: {prediction.digit}, {sure}">'
        f'<img src="{data_uri(_crop(digit.ink))}" alt=""><b>{prediction.digit}</b><small>no. {place + 1}<br>{sure}'
        "</small></button>"
    )


def _crop(ink: np.ndarray) -> np.ndarray:
    """The digit's own ink, at most 96 pixels a side, uint8."""
    image = Image.fromarray((ink * 255).astype(np.uint8))
    image.thumbnail((96, 96))
    return np.asarray(image)
