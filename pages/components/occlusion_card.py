"""An occlusion map: the map over the digit, a legend, and the explanation in sentences."""

import math
from html import escape

import numpy as np
import streamlit as st

from digit_core.inference.occlusion import MOST_PATCHES, PATCH, Explanation, Patch, covered
from digit_core.preprocessing.normalize import SIDE
from pages.components.image_html import picture

# Blue and orange differ for every kind of colour blindness, and both from grey ink on black.
_FOR, _AGAINST = np.array([58, 146, 255.0]), np.array([255, 140, 26.0])
_INK = 165.0  # brightness of full ink under the colours, of 255
_TEXT_WIDTH = 360  # pixels
_NEGLIGIBLE = 0.05  # log-odds: a smaller effect is not mentioned
_COUNTS = ("no", "one", "two", "three")
_STYLE = """
<style>
.why{display:flex;flex-wrap:wrap;gap:1rem}
.why figure{margin:0}.why .frame{position:relative}
.why img{display:block}
.why .patch{position:absolute;box-sizing:border-box;border:2px dashed #fff;outline:1px solid #000}
.why figcaption{font-size:.82rem;line-height:1.35;margin-top:.35rem}
.why .scale{height:.7rem;border-radius:.3rem;margin-top:.4rem;
  background:linear-gradient(90deg,#ff8c1a,#a56a35 30%,#777 50%,#4f7db5 70%,#3a92ff)}
.why .ends{display:flex;justify-content:space-between;font-size:.78rem}
</style>
"""


def show(model_input: np.ndarray, explanation: Explanation, size: int = 200) -> None:
    """Show the map over a model input, float32 (28, 28), `size` pixels a side, and the explanation beside it."""
    text = sentences(explanation)
    figures = _map(model_input, explanation, size, " ".join(text).replace("*", ""))
    figures += _flipped(model_input, explanation, size)
    row = st.container(horizontal=True, gap="medium")
    row.container(width=size * 2 + 16 if explanation.flip else size).html(f'{_STYLE}<div class="why">{figures}</div>')
    with row.container(width=_TEXT_WIDTH):
        for sentence in text:
            st.markdown(sentence)


def sentences(explanation: Explanation) -> list[str]:
    """The explanation in words, as Markdown."""
    digit, other, flip = explanation.digit, explanation.runner_up, explanation.flip
    if explanation.cost > _NEGLIGIBLE:
        text = [
            f"Covering the **{explanation.costliest.place}** costs the most: the odds of **{digit}** against "
            f"**{other}**, the runner-up, become {_times(explanation.cost)} smaller."
        ]
    else:
        text = [f"No single region supports **{digit}** against **{other}**, the runner-up."]
    if explanation.against is not None and explanation.gain > _NEGLIGIBLE:
        ink = "Other ink" if explanation.against.place == explanation.costliest.place else "Ink"
        text.append(
            f"{ink} in the **{explanation.against.place}** counts against it: without that ink, the odds become "
            f"{_times(explanation.gain)} larger."
        )
    change = f"To turn it into {'an' if other == 8 else 'a'} **{other}**"
    if flip:
        regions = "one region" if len(flip) == 1 else f"{_COUNTS[len(flip)]} regions"
        text.append(f"{change}, {regions} must be removed: {', '.join(f'**{patch.place}**' for patch in flip)}.")
    else:
        text.append(
            f"{change}, covering one region of {PATCH} × {PATCH} pixels is not enough, "
            f"and no combination of up to {_COUNTS[MOST_PATCHES]} was found."
        )
    return text


def overlay(model_input: np.ndarray, drop: np.ndarray) -> np.ndarray:
    """uint8 (28, 28, 3): grey ink, blue where it supports the prediction, orange where it counts against it."""
    most = np.abs(drop).max() or 1.0
    strength = 0.9 * (np.abs(drop) / most)[..., None] ** 0.7
    colour = np.where(drop[..., None] >= 0, _FOR, _AGAINST)
    # Fainter where there is no ink, so that the digit stays visible.
    strength = strength * (0.45 + 0.55 * model_input[..., None])
    return np.floor(_INK * model_input[..., None] * (1 - strength) + colour * strength + 0.5).astype(np.uint8)


def _map(model_input: np.ndarray, explanation: Explanation, size: int, text: str) -> str:
    most = float(np.abs(explanation.drop).max())
    outline = _frame(explanation.costliest) if explanation.cost > _NEGLIGIBLE else ""
    image = picture(overlay(model_input, explanation.drop), size, escape(f"Occlusion map. {text}"))
    return (
        f'<figure style="width:{size}px" data-testid="occlusion-map"><div class="frame">{image}{outline}</div>'
        f'<div class="scale" aria-hidden="true"></div><div class="ends"><span>−{most:.1f}</span><span>0</span>'
        f"<span>+{most:.1f}</span></div><figcaption>Drop in log-odds ({explanation.digit} vs "
        f"{explanation.runner_up}) when covered. Blue: supports {explanation.digit}. Orange: counts against it. "
        "Outlined: largest drop.<br>The scale is the mean over all squares that cover a pixel; the factors in the "
        "text are those of one square.</figcaption></figure>"
    )


def _flipped(model_input: np.ndarray, explanation: Explanation, size: int) -> str:
    if not explanation.flip:
        return ""
    caption = f"With the outlined ink covered, the prediction is {explanation.runner_up}."
    image = picture(covered(model_input, explanation.flip), size, escape(caption))
    frames = "".join(_frame(patch) for patch in explanation.flip)
    return (
        f'<figure style="width:{size}px"><div class="frame">{image}{frames}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _frame(patch: Patch) -> str:
    left, top, side = (100 * value / SIDE for value in (patch.left, patch.top, PATCH))
    return f'<div class="patch" style="left:{left:.2f}%;top:{top:.2f}%;width:{side:.2f}%;height:{side:.2f}%"></div>'


def _times(log_odds: float) -> str:
    if log_odds > math.log(1e6):
        return "over a million times"
    factor = math.exp(log_odds)
    return f"{factor:.1f} times" if factor < 10 else f"{factor:,.0f} times"
