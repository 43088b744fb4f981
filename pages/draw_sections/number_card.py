"""Several digits: the number large, a picture with a box for each digit, and the full card of the one selected."""

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st
from PIL import Image

from digit_core.inference.prediction import Number, RecognizedDigit
from pages.components import prediction_card
from pages.draw_sections import box_labels, corrections, digit_boxes, text_edits
from pages.draw_sections.corrections import Line

_MARGIN = 0.08  # of the canvas: around its ink, where it is shown with its boxes
_STYLE = """
<style>
.number{font-size:var(--card-font,1rem)}
.number .says{font-size:1.1em;opacity:.85}
.number .text{font-size:3.6em;font-weight:700;line-height:1.1;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.number .lines{font-size:2.2em;white-space:pre-line;max-height:9em;overflow-y:auto}
.number .doubt{font-size:.9em;opacity:.85;min-height:1.5em}
</style>
"""


def show_text(lines: Sequence[Line], source: str) -> None:
    """The text of each line, corrected or edited, and how many digits are doubtful or corrected."""
    corrected = corrections.of(source)
    doubtful = corrections.doubtful(lines, corrected)
    changed = sum(corrections.count(line, corrected) for line in lines)
    notes = []
    if doubtful:
        notes.append(f"{'1 digit is' if doubtful == 1 else f'{doubtful} digits are'} doubtful (dashed).")
    if changed:
        notes.append(f"{changed} corrected (✓).")
    if text_edits.of(source):
        notes.append("Text edited.")
    text = escape("\n".join(line or "–" for line in text_edits.texts_of(lines, source)))
    several = " lines" if len(lines) > 1 else ""
    st.html(
        f'{_STYLE}<div class="number" aria-live="polite"><div class="says">Recognised: </div>'
        f'<div class="text{several}" data-testid="number">{text}</div><div class="doubt">{" ".join(notes)}</div></div>'
    )


def show_canvas_number(number: Number, ink: np.ndarray, run: str) -> RecognizedDigit | None:
    """A number drawn on the canvas, whose ink is float32 (h, w), and the digit that is selected on it, if any.

    `run`: the name of the run that predicted.
    """
    lines, source = corrections.lines_of([number]), "canvas"
    corrections.restore(source, lines)
    show_text(lines, source)
    seen = np.argwhere(ink > 0.1)
    around = int(_MARGIN * max(ink.shape))
    top, left = np.maximum(seen.min(0) - around, 0)
    bottom, right = np.minimum(seen.max(0) + 1 + around, ink.shape)
    part = Image.fromarray((ink[top:bottom, left:right] * 255).astype(np.uint8)).convert("RGB")
    enlarged = part.resize((part.width * 2, part.height * 2), Image.Resampling.BILINEAR)
    opened = digit_boxes.show(
        enlarged,
        part.size,
        lines,
        source,
        "canvas-digits",
        lambda box, label: box_labels.store([number], "canvas", run, box, label),
        (int(left), int(top)),
    )
    return show_opened([number], opened)


def show_opened(numbers: Sequence[Number], opened: corrections.DigitBox | None) -> RecognizedDigit | None:
    """The full card of the digit that is selected, if any, which is returned."""
    if opened is None:
        return None
    for number in numbers:
        for place, digit in enumerate(number.digits):
            if digit.box == opened.box:
                with st.container(border=True):
                    st.markdown(f"**Digit {place + 1} of {len(number.digits)}**")
                    prediction_card.show(digit.prediction, digit.steps)
                return digit
    return None
