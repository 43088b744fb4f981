"""A prediction: the digit large, the confidence, all ten probabilities, and the steps to the model input.

One piece of HTML, so that a pen lift costs one small message and no chart has to start up.
"""

from html import escape

import numpy as np
import streamlit as st

from digit_core import Prediction
from digit_core.preprocessing.pipeline import Step
from pages.components.image_html import picture

SURE = 0.8  # confidence below which the runner-up is shown beside the digit ...
_WORTH_NAMING = 0.1  # ... if it is at least so likely
_STYLE = """
<style>
.prediction{display:flex;flex-wrap:wrap;gap:1.5rem;align-items:flex-start}
.prediction .headline{width:10rem}
.prediction .digit{font-size:5.5rem;line-height:1;font-weight:700;font-variant-numeric:tabular-nums}
.prediction .or{font-size:2.2rem;font-weight:600;opacity:.55}
.prediction .sure{font-size:1rem;opacity:.85;margin-top:.4rem}
.prediction .bars{display:grid;grid-template-columns:1rem minmax(5rem,12rem) 3.4rem;gap:.28rem .6rem;
  align-items:center;font-variant-numeric:tabular-nums;font-size:.9rem}
.prediction .track{height:.85rem;border-radius:.3rem;background:rgba(127,127,127,.18);overflow:hidden}
.prediction .fill{height:100%;border-radius:.3rem;background:var(--st-primary-color,#0b66c3)}
.prediction .other{opacity:.6}
.steps{display:flex;flex-wrap:wrap;gap:.8rem;margin-top:1rem}
.steps figure{margin:0;width:108px}.steps figcaption{font-size:.8rem;line-height:1.3;opacity:.75;margin-top:.3rem}
</style>
"""


def show(prediction: Prediction, steps: tuple[Step, ...] = ()) -> None:
    """Show one prediction, and the steps to its model input if they are given."""
    st.html(
        f'{_STYLE}<div class="prediction"><div class="headline" aria-live="polite">{_headline(prediction)}</div>'
        f"{_bars(prediction)}</div>{_figures(steps)}"
    )


def _headline(prediction: Prediction) -> str:
    first, second = (int(digit) for digit in np.argsort(-prediction.probabilities)[:2])
    if not prediction.is_digit:
        return (
            '<div class="digit" data-testid="digit" style="opacity:.35">?</div>'
            f'<div class="sure">This does not look like a digit. <small>The best guess is {first}.</small></div>'
        )
    digit = f'<span class="digit" data-testid="digit">{first}</span>'
    if prediction.confidence < SURE and prediction.probabilities[second] >= _WORTH_NAMING:
        return (
            f'{digit} <span class="or">or {second}</span><div class="sure">{prediction.confidence:.0%} sure; '
            f"{second} has {prediction.probabilities[second]:.0%}</div>"
        )
    # Nothing is certain: 99.97 % is not shown as 100 %.
    sure = "over 99%" if prediction.confidence > 0.99 else f"{prediction.confidence:.0%}"
    return f'{digit}<div class="sure">{sure} sure</div>'


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
        share = "> 99.9%" if probability > 0.999 else f"{probability:.1%}"
        shares.append(f"{digit}: {share}")
        kind = "" if digit == prediction.digit else "other"
        rows.append(
            f'<b class="{kind}">{digit}</b>'
            f'<div class="track"><div class="fill {kind}" style="width:{probability * 100:.1f}%"></div></div>'
            f'<span class="{kind}">{share}</span>'
        )
    description = escape("Probabilities. " + ", ".join(shares))
    return f'<div class="bars" role="img" aria-label="{description}">{"".join(rows)}</div>'
