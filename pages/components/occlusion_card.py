"""An explanation as a person sees it: the occlusion map over the picture, a legend, and sentences."""

import math
from html import escape

import numpy as np
import streamlit as st

from digit_core.inference.occlusion import MOST_PATCHES, PATCH, Explainer, Explanation, Patch, covered
from digit_core.preprocessing.normalize import SIDE
from digit_core.runs.run import Run
from pages.components.image_html import picture

# Blue and orange differ for every kind of colour blindness, and both from grey ink on black.
_FOR, _AGAINST = np.array([58, 146, 255.0]), np.array([255, 140, 26.0])
_INK = 165.0  # brightness of full ink under the colours, of 255
_WORDS = 360  # pixels, the sentences beside the map
_LITTLE = 0.05  # log-odds: less than this is not worth a sentence
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


def explainer_of(run: Run) -> Explainer:
    """What explains a run's readings; loaded again when its model file has changed. Raises DamagedRun."""
    model = run.path / "model.tflite"
    return _explainer(run, str(model), model.stat().st_mtime_ns if model.is_file() else 0)


@st.cache_resource(max_entries=2, show_spinner=False)
def _explainer(_run: Run, path: str, changed: int) -> Explainer:
    return Explainer(_run)


def show(model_input: np.ndarray, explanation: Explanation, size: int = 200) -> None:
    """Show the map over a model input, float32 (28, 28), `size` pixels a side, and say what it says."""
    figures = _map(model_input, explanation, size) + _flipped(model_input, explanation, size)
    row = st.container(horizontal=True, gap="medium")
    row.container(width=size * 2 + 16 if explanation.flip else size).html(f'{_STYLE}<div class="why">{figures}</div>')
    with row.container(width=_WORDS):
        for sentence in sentences(explanation):
            st.markdown(sentence)


def sentences(explanation: Explanation) -> list[str]:
    """The explanation in words."""
    digit, other = explanation.digit, explanation.runner_up
    said = []
    if explanation.cost > _LITTLE:
        said.append(
            f"Covering the **{explanation.costliest.place}** costs the most: the odds of **{digit}** against "
            f"**{other}**, the runner-up, become {_times(explanation.cost)} smaller."
        )
    else:
        said.append(f"No single patch speaks for **{digit}** against **{other}**, the runner-up.")
    if explanation.against is not None and explanation.gain > _LITTLE:
        other_ink = "Other ink" if explanation.against.place == explanation.costliest.place else "Ink"
        said.append(
            f"{other_ink} in the **{explanation.against.place}** speaks against it: without that, the odds become "
            f"{_times(explanation.gain)} larger."
        )
    said.append(what_would_have_to_go(explanation))
    return said


def what_would_have_to_go(explanation: Explanation) -> str:
    """What turns the reading into the runner-up."""
    other, flip = explanation.runner_up, explanation.flip
    if not flip:
        return (
            f"No patch of {PATCH} × {PATCH} pixels turns it into {_named(other)} when it is covered, "
            f"nor were {MOST_PATCHES} found that do together."
        )
    if len(flip) == 1:
        return f"To become {_named(other)}, one patch would have to go: the ink in the **{flip[0].place}**."
    places = ", ".join(f"**{patch.place}**" for patch in flip)
    return f"To become {_named(other)}, no single patch is enough; {len(flip)} would have to go: {places}."


def overlay(model_input: np.ndarray, drop: np.ndarray) -> np.ndarray:
    """uint8 (28, 28, 3): grey ink, blue where it speaks for the reading, orange where against; more is stronger."""
    most = np.abs(drop).max() or 1.0
    strength = 0.9 * (np.abs(drop) / most)[..., None] ** 0.7
    colour = np.where(drop[..., None] >= 0, _FOR, _AGAINST)
    # The colour is laid on more thinly where there is no ink, so that the digit is still to be seen.
    strength = strength * (0.45 + 0.55 * model_input[..., None])
    return np.floor(_INK * model_input[..., None] * (1 - strength) + colour * strength + 0.5).astype(np.uint8)


def _map(model_input: np.ndarray, explanation: Explanation, size: int) -> str:
    most = float(np.abs(explanation.drop).max())
    words = " ".join(sentences(explanation)).replace("*", "")
    outline = _frame(explanation.costliest) if explanation.cost > _LITTLE else ""
    image = picture(overlay(model_input, explanation.drop), size, escape(f"Occlusion map. {words}"))
    return (
        f'<figure style="width:{size}px" data-testid="occlusion-map"><div class="frame">{image}{outline}</div>'
        f'<div class="scale" aria-hidden="true"></div><div class="ends"><span>−{most:.1f}</span><span>0</span>'
        f"<span>+{most:.1f}</span></div><figcaption>Fall of the log-odds of {explanation.digit} against "
        f"{explanation.runner_up} when covered. Blue: speaks for {explanation.digit}. Orange: against. "
        "Outlined: what costs the most."
        "</figcaption></figure>"
    )


def _flipped(model_input: np.ndarray, explanation: Explanation, size: int) -> str:
    if not explanation.flip:
        return ""
    words = f"With the outlined ink covered it is read as {explanation.runner_up}."
    image = picture(covered(model_input, explanation.flip), size, escape(words))
    frames = "".join(_frame(patch) for patch in explanation.flip)
    return (
        f'<figure style="width:{size}px"><div class="frame">{image}{frames}</div>'
        f"<figcaption>{words}</figcaption></figure>"
    )


def _frame(patch: Patch) -> str:
    left, top, side = (100 * value / SIDE for value in (patch.left, patch.top, PATCH))
    return f'<div class="patch" style="left:{left:.2f}%;top:{top:.2f}%;width:{side:.2f}%;height:{side:.2f}%"></div>'


def _named(digit: int) -> str:
    return f"{'an' if digit == 8 else 'a'} **{digit}**"


def _times(log_odds: float) -> str:
    if log_odds > math.log(1e6):
        return "over a million times"
    factor = math.exp(log_odds)
    return f"{factor:.1f} times" if factor < 10 else f"{factor:,.0f} times"
