"""The confusion matrix as a grid of cells for mouse, touch and keyboard; a click on one selects its images.

HTML and not a chart: it is there at once, keeps its height, can be gone through with the arrow keys,
and a browser sends a click once, where a chart sends its selection with everything that is clicked after it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from digit_core.evaluation import metrics
from digit_core.runs.run import Predictions
from pages.components.filters import View

WIDTH, HEIGHT = 392, 420  # pixels; a phone gives what width there is
_MOST_NAMED = 5
_REVEAL = "matrix_reveals"
_STYLE = """
.matrix{display:grid;grid-template-columns:1.1rem 1.1rem repeat(10,minmax(0,1fr));gap:3px;
  font-family:inherit;color:var(--st-text-color,inherit);font-size:13px;
  font-variant-numeric:tabular-nums;line-height:1}
.row{display:contents}
.name,.title{display:flex;align-items:center;justify-content:center;opacity:.75}
.up{grid-column:1;grid-row:1/11;writing-mode:vertical-rl;transform:rotate(180deg)}
.across{grid-column:3/13}
.name{min-height:1rem}
button{all:unset;box-sizing:border-box;height:35px;border-radius:4px;text-align:center;cursor:pointer;
  border:3px solid transparent;overflow:hidden;font-size:12.5px;white-space:nowrap}
button:hover{filter:brightness(.93)}
button:focus-visible{outline:3px solid var(--st-primary-color,#0b66c3);outline-offset:1px;position:relative}
@media (max-width:480px){.matrix{gap:2px}button{border-width:2px;font-size:11px}}
"""
_SCRIPT = """
const DIGITS = [...Array(10).keys()];
export default function ({data, parentElement, setTriggerValue}) {
  const grid = parentElement.querySelector('.matrix');
  const add = (parent, tag, attributes, text = '') => {
    const element = parent.appendChild(document.createElement(tag));
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  };
  if (!grid.childElementCount) {  // once, so that a cell keeps the focus when another one is selected
    add(grid, 'div', {class: 'title up', 'aria-hidden': true}, 'Actual');
    for (const actual of DIGITS) {
      const row = add(grid, 'div', {class: 'row', role: 'row'});
      const place = `grid-row:${actual + 1};grid-column:`;
      add(row, 'div', {class: 'name', role: 'rowheader', style: place + 2}, actual);
      for (const digit of DIGITS)
        add(row, 'button', {type: 'button', role: 'gridcell', tabindex: -1, style: place + (digit + 3)});
    }
    for (const digit of DIGITS)
      add(grid, 'div', {class: 'name', 'aria-hidden': true, style: `grid-row:11;grid-column:${digit + 3}`}, digit);
    add(grid, 'div', {class: 'title across', 'aria-hidden': true}, 'Predicted');
    grid.querySelector('button').tabIndex = 0;
  }
  grid.setAttribute('aria-label', data.description);
  const cells = [...grid.querySelectorAll('button')];
  data.cells.forEach((cell, i) => {
    const button = cells[i];
    button.textContent = cell.text;
    Object.assign(button.style, {background: cell.fill, color: cell.ink, borderColor: cell.edge});
    button.setAttribute('aria-label', cell.description);
    button.setAttribute('aria-selected', cell.edge !== 'transparent');
    button.title = `${cell.description} (${cell.share})`;
    button.onclick = () => {
      moveTo(i);
      grid.isClicked = true;
      setTriggerValue('clicked', [cell.true, cell.predicted]);
    };
  });
  const moveTo = i => {
    for (const button of cells) button.tabIndex = -1;
    cells[i].tabIndex = 0;
    cells[i].focus();
  };
  grid.onkeydown = event => {
    const i = cells.indexOf(event.target);
    if (i < 0) return;
    const [row, column] = [Math.floor(i / 10), i % 10];
    const next = {
      ArrowUp: row ? i - 10 : i, ArrowDown: row < 9 ? i + 10 : i,
      ArrowLeft: column ? i - 1 : i, ArrowRight: column < 9 ? i + 1 : i,
      Home: i - column, End: i - column + 9,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    moveTo(next);
  };
  // What a click selects is brought into view where it is below the fold, as on a phone.
  if (!data.images || !(grid.isClicked || data.reveal)) return;
  grid.isClicked = false;
  let attempts = 30;
  const reveal = () => {
    const images = document.querySelector(`.st-key-${data.images}`), box = images?.getBoundingClientRect();
    if (!box?.height) return attempts-- && setTimeout(reveal, 100);
    const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
    if (box.top > innerHeight * 0.6) images.scrollIntoView({behavior, block: 'start'});
  };
  reveal();
}
"""
_matrix = st.components.v2.component(
    "confusion_matrix", html='<div class="matrix" role="grid"></div>', css=_STYLE, js=_SCRIPT
)


@dataclass(frozen=True)
class Palette:
    """Colours of the cells: from `low` to `high` by value, with numbers in `ink`.

    `quiet`, with numbers in `quiet_ink`, is for faded cells; `chosen` frames the selected ones.
    """

    low: str
    high: str
    ink: str
    quiet: str
    quiet_ink: str
    chosen: str


LIGHT = Palette("#dbe9f8", "#4492e0", "#10151c", "#f3f5f8", "#5b6675", "#b34700")
DARK = Palette("#1b2f47", "#2468b0", "#f2f6fa", "#1a212b", "#95a1b0", "#ffa657")


def cells(counts: np.ndarray, view: View, palette: Palette, *, normalise: bool, fade: bool) -> list[dict]:
    """A row for each cell of a matrix (10, 10) with its text, colours and tooltip.

    `normalise`: per cent of the row instead of counts; `fade`: no colour for correct predictions, and the
    whole range of colours for the rest.
    """
    values = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1) if normalise else counts
    coloured = values * (1 - np.eye(10)) if fade else values
    largest = coloured.max() or 1
    rows = []
    for true, predicted in np.ndindex(10, 10):
        images, value = int(counts[true, predicted]), values[true, predicted]
        is_quiet = images == 0 or (fade and true == predicted)
        is_chosen = view.true in (None, true) and view.predicted in (None, predicted) and not view.has_all_digits
        fill = palette.quiet if is_quiet else _between(palette.low, palette.high, float(value / largest))
        rows.append(
            {
                "true": true,
                "predicted": predicted,
                "text": "" if images == 0 else _percentage(value) if normalise else str(images),
                "fill": "transparent" if images == 0 else fill,
                "ink": palette.quiet_ink if is_quiet else palette.ink,
                "edge": palette.chosen if is_chosen else "transparent",
                "description": f"{true} predicted as {predicted}: {images:,} {'image' if images == 1 else 'images'}",
                "share": f"{images / max(counts[true].sum(), 1):.2%} of all {true}",
            }
        )
    return rows


def show(
    predictions: Predictions,
    key: str,
    view: View | None = None,
    *,
    normalise: bool = False,
    fade: bool = True,
    images: str | None = None,
    on_click: Callable[[int, int], None] | None = None,
) -> tuple[int, int] | None:
    """Show the matrix; returns the actual and the predicted digit of the cell that was clicked.

    `view` frames its cells. `images` is the key of the container with a cell's images, which a click scrolls to
    where it is out of sight. `on_click` is called with the two digits, before the page runs again.
    """
    counts = count(predictions)
    data = {
        "cells": cells(counts, view or View(), _palette(), normalise=normalise, fade=fade),
        "description": f"Confusion matrix. {summary(counts)}",
        "images": images,
        "reveal": images is not None and st.session_state.pop(_REVEAL, False),
    }

    def clicked() -> None:
        if on_click is not None and (cell := _cell(st.session_state[key].clicked)) is not None:
            on_click(*cell)

    return _cell(_matrix(data=data, key=key, height=HEIGHT, on_clicked_change=clicked).clicked)


def count(predictions: Predictions) -> np.ndarray:
    """int (10, 10): images by actual digit, a row each, and predicted digit."""
    return metrics.confusion_matrix(predictions.predicted, predictions.labels)


def reveal_images() -> None:
    """Have the next matrix that is shown scroll to its images, as it does after a click on one of its own cells."""
    st.session_state[_REVEAL] = True


def summary(counts: np.ndarray) -> str:
    """The matrix (10, 10) in a sentence: the most frequent confusions."""
    wrong = counts * (1 - np.eye(10, dtype=counts.dtype))
    if not wrong.any():
        return "No image is misclassified."
    most = [divmod(int(cell), 10) for cell in np.argsort(-wrong, axis=None, kind="stable")[:_MOST_NAMED]]
    named = [f"{true} predicted as {other} ({wrong[true, other]})" for true, other in most if wrong[true, other]]
    return f"{wrong.sum():,} misclassified. Most often: {', '.join(named)}. Click a cell to see its images."


def _cell(clicked: object) -> tuple[int, int] | None:
    """The two digits of a click; None for anything else, as a browser may send anything."""
    if isinstance(clicked, list) and len(clicked) == 2 and all(type(digit) is int for digit in clicked):
        true, predicted = clicked
        return (true, predicted) if true in range(10) and predicted in range(10) else None
    return None


def _palette() -> Palette:
    return DARK if st.context.theme.type == "dark" else LIGHT


def _between(low: str, high: str, part: float) -> str:
    """The colour at `part`, 0 to 1, of the way between two."""
    first, last = (np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) for colour in (low, high))
    return "#" + "".join(f"{round(float(value)):02x}" for value in first + (last - first) * part)


def _percentage(value: float) -> str:
    return "<0.1" if value < 0.1 else ">99.9" if 99.9 < value < 100 else f"{value:.1f}"
