"""The confusion matrix: each cell is a door to the images in it."""

import time
from dataclasses import dataclass

import altair as alt
import numpy as np
import streamlit as st

from digit_core.evaluation.metrics import confusion_matrix
from digit_core.runs.run import Predictions
from pages.components import filters as views
from pages.components.filters import View

_HEIGHT, _WIDTH, _CONTROLS = 430, 450, 320  # pixels; a phone gives them what width there is
_REVISION, _BOXES = "matrix_revision", "matrix_boxes"
_LATE = 2.0  # seconds in which the browser may still send the boxes as they were, and nobody chooses in one
_MOST_NAMED = 5


@dataclass(frozen=True)
class Palette:
    """Colours of the cells: from `low` to `high` by how many, and `ink` on all of these.

    `quiet`, with `quiet_ink`, is for cells that are not to be looked at; `chosen` is the frame of the chosen ones.
    """

    low: str
    high: str
    ink: str
    quiet: str
    quiet_ink: str
    chosen: str


LIGHT = Palette("#dbe9f8", "#4492e0", "#10151c", "#f3f5f8", "#5b6675", "#b34700")
DARK = Palette("#1b2f47", "#2468b0", "#f2f6fa", "#1a212b", "#95a1b0", "#ffa657")


def cells(counts: np.ndarray, view: View, palette: Palette, *, rates: bool, dim: bool) -> list[dict]:
    """A row for each cell, with all that is to be seen of it.

    `rates`: per cent of the row instead of counts; `dim`: the diagonal gets no colour, and none is left for it.
    """
    values = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1) if rates else counts
    coloured = values * (1 - np.eye(10)) if dim else values
    most = coloured.max() or 1
    trues, reads = (range(10) if digit is None else (digit,) for digit in (view.true, view.read))
    narrowed = len(trues) * len(reads) < 100
    rows = []
    for true in range(10):
        for read in range(10):
            count, value = int(counts[true, read]), values[true, read]
            quiet = count == 0 or (dim and true == read)
            is_chosen = narrowed and true in trues and read in reads
            fill = palette.quiet if quiet else _between(palette.low, palette.high, float(value / most))
            rows.append(
                {
                    "true": true,
                    "read": read,
                    "text": "" if count == 0 else _share(value) if rates else str(count),
                    "fill": "transparent" if count == 0 else fill,
                    "ink": palette.quiet_ink if quiet else palette.ink,
                    "edge": palette.chosen if is_chosen else "transparent",
                    "words": f"{true} read as {read}: {_images(count)}",
                    "share": f"{count / max(counts[true].sum(), 1):.2%} of all {true}",
                }
            )
    return rows


def show(predictions: Predictions, view: View) -> None:
    """The matrix, what it shows, and the same choice by name."""
    counts = confusion_matrix(predictions.predicted, predictions.labels)
    board = st.container(horizontal=True, gap="medium")
    chart, controls = board.container(width=_WIDTH), board.container(width=_CONTROLS)
    with controls:
        rates = st.segmented_control(
            "Cells show",
            ["Counts", "Per cent of the row"],
            default="Counts",
            required=True,
            key="matrix_cells",
        )
        dim = st.toggle("Dim the diagonal, so that mistakes show", value=True, key="matrix_dim")
        _digits_by_name(view, len(predictions.labels))
        st.caption(in_words(counts))
    with chart:
        key = _key()
        rows = cells(counts, view, _palette(), rates=rates != "Counts", dim=dim)
        st.altair_chart(
            _chart(rows, in_words(counts)),
            height=_HEIGHT,
            on_select=lambda: clicked(key, len(predictions.labels)),
            selection_mode="cell",
            key=key,
        )


def show_doors(predictions: Predictions, key: str) -> tuple[int, int] | None:
    """The matrix alone; returns the cell that was clicked: the true digit and the digit read."""
    counts = confusion_matrix(predictions.predicted, predictions.labels)
    rows = cells(counts, View(), _palette(), rates=False, dim=True)
    chosen = st.altair_chart(
        _chart(rows, in_words(counts)), height=_HEIGHT, on_select="rerun", selection_mode="cell", key=key
    )
    st.caption(in_words(counts))
    clicked = chosen["selection"].get("cell") or []
    return (int(clicked[0]["true"]), int(clicked[0]["read"])) if clicked else None


def in_words(counts: np.ndarray) -> str:
    """The matrix (10, 10) as a sentence: what is confused most."""
    wrong = counts * (1 - np.eye(10, dtype=counts.dtype))
    total = int(wrong.sum())
    if not total:
        return "All images are on the diagonal: none is misread."
    most = [divmod(int(cell), 10) for cell in np.argsort(-wrong, axis=None, kind="stable")[:_MOST_NAMED]]
    named = [f"{true} read as {read} ({wrong[true, read]})" for true, read in most if wrong[true, read]]
    return f"Off the diagonal: {_images(total)}. Most often: {', '.join(named)}. Click a cell to see its images."


def clicked(key: str, images: int) -> None:
    """A cell of the chart with that key was clicked: choose it, or give the choice up if it was chosen."""
    # Until the page has run to its end the browser sends the selection of the chart that was there before
    # with whatever is clicked next, and Streamlit takes it for news.
    cells = st.session_state[key]["selection"].get("cell") or []
    if not cells or key != _key():
        return
    view = views.current(images)
    cell = int(cells[0]["true"]), int(cells[0]["read"])
    st.session_state[_BOXES] = time.monotonic(), (view.true, view.read)
    _choose(*((None, None) if cell == (view.true, view.read) else cell), images)


def _digits_by_name(view: View, images: int) -> None:
    """Two boxes that say the same as a click, for keyboard and phone."""
    st.session_state["true_digit"] = "any" if view.true is None else view.true
    st.session_state["read_as"] = "any" if view.read is None else view.read
    left, right = st.columns(2)
    options = ["any", *range(10)]
    left.selectbox("True digit", options, key="true_digit", on_change=_named, args=(images,))
    right.selectbox("Read as", options, key="read_as", on_change=_named, args=(images,))
    st.button(
        "Show all",
        icon=":material/filter_alt_off:",
        on_click=_choose,
        args=(None, None, images),
        disabled=view.true is None and view.read is None,
    )


def _named(images: int) -> None:
    true, read = (None if value == "any" else value for value in map(st.session_state.get, ("true_digit", "read_as")))
    when, before = st.session_state.get(_BOXES, (0.0, None))
    if (true, read) == before and time.monotonic() - when < _LATE:
        return  # a click elsewhere brought along what they said before a click on a cell changed them
    _choose(true, read, images)


def _choose(true: int | None, read: int | None, images: int) -> None:
    views.put(views.current(images).with_digits(true, read))
    # The chart keeps a selection of its own, in which the same click would not be news. A new chart has none.
    st.session_state[_REVISION] = st.session_state.get(_REVISION, 0) + 1


def _key() -> str:
    return f"matrix-{st.session_state.get(_REVISION, 0)}"


def _palette() -> Palette:
    return DARK if st.context.theme.type == "dark" else LIGHT


def _chart(rows: list[dict], description: str) -> alt.LayerChart:
    axis = {"labelAngle": 0, "ticks": False, "domain": False, "grid": False, "labelFontSize": 13, "titleFontSize": 13}
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("read:O", title="read as", axis=alt.Axis(**axis), scale=alt.Scale(padding=0.03)),
        y=alt.Y("true:O", title="true digit", axis=alt.Axis(**axis), scale=alt.Scale(padding=0.03)),
        tooltip=[alt.Tooltip("words:N", title="Cell"), alt.Tooltip("share:N", title="Share")],
    )
    squares = base.mark_rect(cornerRadius=4, cursor="pointer", strokeWidth=3).encode(
        fill=alt.Fill("fill:N", scale=None),
        stroke=alt.Stroke("edge:N", scale=None),
        description=alt.Description("words:N"),
    )
    numbers = base.mark_text(fontSize=13, cursor="pointer", aria=False).encode(
        text="text:N", color=alt.Color("ink:N", scale=None)
    )
    cell = alt.selection_point(name="cell", fields=["true", "read"], on="click")
    return alt.layer(squares.add_params(cell), numbers).properties(description=f"Confusion matrix. {description}")


def _between(low: str, high: str, part: float) -> str:
    """The colour at `part`, 0 to 1, of the way between two."""
    first, last = (np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) for colour in (low, high))
    return "#" + "".join(f"{round(float(value)):02x}" for value in first + (last - first) * part)


def _share(value: float) -> str:
    return "<0.1" if value < 0.1 else f"{value:.1f}"


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"
