"""A prediction: the digit large, the confidence, all ten probabilities, and the steps to the model input.

One piece of HTML, so that a pen lift costs one small message and no chart has to start up.
"""

from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st

from digit_core import Prediction
from digit_core.preprocessing.pipeline import Step
from pages.components.image_html import picture
from pages.components.percentages import probability as percent_of

SURE = 0.8  # confidence below which the runner-up is shown beside the digit ...
_WORTH_NAMING = 0.1  # ... if it is at least so likely
_STYLE = """
<style>
.prediction,.steps{font-size:var(--card-font,1rem)}
.prediction{display:flex;flex-wrap:wrap;gap:1.2em;align-items:flex-start}
.prediction .headline{width:8.5em}
.prediction .digit{font-size:5.5em;line-height:1;font-weight:700;font-variant-numeric:tabular-nums}
.prediction .or{font-size:2.2em;font-weight:600;opacity:.55}
.prediction .sure{opacity:.85;margin-top:.4em}
.prediction .wide{width:auto;flex:1 1 16em}.prediction .wide .digit{opacity:.35;float:left;margin-right:.2em}
.prediction details{flex:1 1 100%}.prediction summary{cursor:pointer;opacity:.85}
.prediction .bars{display:grid;grid-template-columns:1em minmax(4em,1fr) 3.9em;gap:.3em .6em;
  flex:1 1 14em;max-width:24em;align-items:center;font-variant-numeric:tabular-nums;font-size:.9em}
.prediction .track{height:.9em;border-radius:.3em;background:rgba(127,127,127,.18);overflow:hidden}
.prediction .fill{height:100%;border-radius:.3em;background:var(--st-primary-color,#0b66c3)}
.prediction .other{opacity:.6}
.steps{display:flex;flex-wrap:wrap;gap:.8em;margin-top:1em}
.steps figure{margin:0;width:6.75em}.steps img{width:100%;height:auto}
.steps figcaption{font-size:.8em;line-height:1.3;opacity:.75;margin-top:.3em}
</style>
"""


def show(prediction: Prediction, steps: tuple[Step, ...] = (), between: Callable[[], None] | None = None) -> None:
    """Show one prediction, and the steps to its model input if they are given; `between` is shown above the steps.

    What does not look like a digit gets no bars beside it: a bar of 95 % would contradict that.
    """
    bars = _bars(prediction)
    if not prediction.is_digit:
        bars = f"<details><summary>Probabilities, if it is a digit</summary>{bars}</details>"
    width = "" if prediction.is_digit else " wide"
    card = (
        f'{_STYLE}<div class="prediction"><div class="headline{width}" aria-live="polite">{_headline(prediction)}</div>'
        f"{bars}</div>"
    )
    if between is None:
        st.html(card + _figures(steps))
        return
    st.html(card)
    between()
    st.html(_figures(steps))


def _headline(prediction: Prediction) -> str:
    first, second = (int(digit) for digit in np.argsort(-prediction.probabilities)[:2])
    if not prediction.is_digit:
        return (
            '<div class="digit" data-testid="digit">?</div>'
            f'<div class="sure">This does not look like a digit.<br><small>Closest match: {first}</small></div>'
        )
    digit = f'<span class="digit" data-testid="digit">{first}</span>'
    if prediction.confidence < SURE and prediction.probabilities[second] >= _WORTH_NAMING:
        sure, other = (escape(percent_of(prediction.probabilities[each])) for each in (first, second))
        return f'{digit} <span class="or">or {second}</span><div class="sure">{sure} sure; {second} has {other}</div>'
    return f'{digit}<div class="sure">{escape(percent_of(prediction.confidence))} sure</div>'


def _figures(steps: tuple[Step, ...]) -> str:
    figures = [
        f"<figure>{picture(step.ink, 108, escape(f'Step {number}: {step.title}'))}"
        f"<figcaption>{number}. {escape(step.title)}</figcaption></figure>"
        for number, step in enumerate(steps, 1)
    ]
    return f'<div class="steps">{"".join(figures)}</div>' if figures else ""


def _bars(prediction: Prediction) -> str:
    rows, shares = [], []
    for digit, probability in enumerate(prediction.probabilities):
        share = percent_of(probability)
        shares.append(f"{digit}: {share}")
        kind = "" if digit == prediction.digit else "other"
        rows.append(
            f'<b class="{kind}">{digit}</b>'
            f'<div class="track"><div class="fill {kind}" style="width:{probability * 100:.1f}%"></div></div>'
            f'<span class="{kind}">{escape(share)}</span>'
        )
    description = escape("Probabilities. " + ", ".join(shares))
    return f'<div class="bars" role="img" aria-label="{description}">{"".join(rows)}</div>'
