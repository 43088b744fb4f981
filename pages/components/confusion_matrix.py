"""The confusion matrix as a chart; a click on a cell selects its images."""

import time
from dataclasses import dataclass

import altair as alt
import numpy as np
import streamlit as st

from digit_core.evaluation.metrics import confusion_matrix
from digit_core.runs.run import Predictions
from pages.components import filters
from pages.components.filters import View

_HEIGHT, _WIDTH, _CONTROLS = 430, 450, 320  # pixels; a phone gives them what width there is
_REVISION, _FORMER = "matrix_revision", "matrix_former_digits"
_LATE = 2.0  # seconds in which the browser may still send what the boxes said before a click on a cell
_MOST_NAMED = 5


@dataclass(frozen=True)
class Palette:
    """Colours of the cells: from `low` to `high` by value, with numbers in `ink`.

    `quiet`, with numbers in `quiet_ink`, is for dimmed cells; `chosen` frames the selected ones.
    """

    low: str
    high: str
    ink: str
    quiet: str
    quiet_ink: str
    chosen: str


LIGHT = Palette("#dbe9f8", "#4492e0", "#10151c", "#f3f5f8", "#5b6675", "#b34700")
DARK = Palette("#1b2f47", "#2468b0", "#f2f6fa", "#1a212b", "#95a1b0", "#ffa657")


def cells(counts: np.ndarray, view: View, palette: Palette, *, normalise: bool, dim: bool) -> list[dict]:
    """A row for each cell of a matrix (10, 10) with its text, colours and tooltip.

    `normalise`: per cent of the row instead of counts; `dim`: no colour for the diagonal, and the
    whole range of colours for the rest.
    """
    values = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1) if normalise else counts
    coloured = values * (1 - np.eye(10)) if dim else values
    largest = coloured.max() or 1
    rows = []
    for true, predicted in np.ndindex(10, 10):
        count, value = int(counts[true, predicted]), values[true, predicted]
        is_quiet = count == 0 or (dim and true == predicted)
        is_chosen = view.true in (None, true) and view.predicted in (None, predicted) and not view.has_all_digits
        fill = palette.quiet if is_quiet else _between(palette.low, palette.high, float(value / largest))
        rows.append(
            {
                "true": true,
                "predicted": predicted,
                "text": "" if count == 0 else _percentage(value) if normalise else str(count),
                "fill": "transparent" if count == 0 else fill,
                "ink": palette.quiet_ink if is_quiet else palette.ink,
                "edge": palette.chosen if is_chosen else "transparent",
                "description": f"{true} predicted as {predicted}: {count:,} {'image' if count == 1 else 'images'}",
                "share": f"{count / max(counts[true].sum(), 1):.2%} of all {true}",
            }
        )
    return rows


def show(predictions: Predictions, view: View) -> None:
    """The matrix, its options, and boxes that select the same as a click."""
    counts = confusion_matrix(predictions.predicted, predictions.labels)
    row = st.container(horizontal=True, gap="medium")
    left, right = row.container(width=_WIDTH), row.container(width=_CONTROLS)
    with right:
        normalise = st.toggle("Normalise by row", key="matrix_normalise", help="Per cent of each actual digit's images")
        dim = st.toggle("Dim the diagonal", value=True, key="matrix_dim")
        _select_digits(view, len(predictions.labels))
        st.caption(summary(counts))
    with left:
        key = _key()
        st.altair_chart(
            _chart(cells(counts, view, _palette(), normalise=normalise, dim=dim), summary(counts)),
            height=_HEIGHT,
            on_select=lambda: _cell_clicked(key, len(predictions.labels)),
            selection_mode="cell",
            key=key,
        )


def show_alone(predictions: Predictions, key: str) -> tuple[int, int] | None:
    """The matrix without options; returns the actual and the predicted digit of the cell that was clicked."""
    counts = confusion_matrix(predictions.predicted, predictions.labels)
    chart = _chart(cells(counts, View(), _palette(), normalise=False, dim=True), summary(counts))
    state = st.altair_chart(chart, height=_HEIGHT, on_select="rerun", selection_mode="cell", key=key)
    st.caption(summary(counts))
    return _cell(state)


def summary(counts: np.ndarray) -> str:
    """The matrix (10, 10) in a sentence: the most frequent confusions."""
    wrong = counts * (1 - np.eye(10, dtype=counts.dtype))
    if not wrong.any():
        return "No image is misclassified."
    most = [divmod(int(cell), 10) for cell in np.argsort(-wrong, axis=None, kind="stable")[:_MOST_NAMED]]
    named = [f"{true} predicted as {other} ({wrong[true, other]})" for true, other in most if wrong[true, other]]
    return f"{wrong.sum():,} misclassified. Most often: {', '.join(named)}. Click a cell to see its images."


def _cell(state: dict) -> tuple[int, int] | None:
    cells = state["selection"].get("cell")
    return (int(cells[0]["true"]), int(cells[0]["predicted"])) if cells else None


def _cell_clicked(key: str, images: int) -> None:
    """Select the cell that was clicked in the chart of that key, or unselect it if it was selected."""
    cell = _cell(st.session_state[key])
    # Until the page has run to its end the browser sends the selection of the former chart with
    # whatever is clicked next, and Streamlit takes it for a change.
    if cell is None or key != _key():
        return
    view = filters.current_view(images)
    before = view.true, view.predicted
    st.session_state[_FORMER] = time.monotonic(), before
    _select(*((None, None) if cell == before else cell), images)


def _select_digits(view: View, images: int) -> None:
    """Two boxes that select the same as a click, for keyboard and phone."""
    options = ["any", *range(10)]
    for column, label, key, digit in zip(
        st.columns(2),
        ("Actual", "Predicted"),
        ("true_digit", "predicted_digit"),
        (view.true, view.predicted),
        strict=True,
    ):
        st.session_state[key] = "any" if digit is None else digit
        column.selectbox(label, options, key=key, on_change=_digits_selected, args=(images,))
    st.button(
        "Show all",
        icon=":material/filter_alt_off:",
        on_click=_select,
        args=(None, None, images),
        disabled=view.has_all_digits,
    )


def _digits_selected(images: int) -> None:
    boxes = map(st.session_state.get, ("true_digit", "predicted_digit"))
    true, predicted = (None if value == "any" else value for value in boxes)
    when, before = st.session_state.get(_FORMER, (0.0, None))
    if (true, predicted) == before and time.monotonic() - when < _LATE:
        return  # sent with a click elsewhere, before the browser had what the click on a cell changed
    _select(true, predicted, images)


def _select(true: int | None, predicted: int | None, images: int) -> None:
    filters.write_view(filters.current_view(images).with_digits(true, predicted))
    # A new chart: this one would keep its selection, so that a second click on the cell would change nothing.
    st.session_state[_REVISION] = st.session_state.get(_REVISION, 0) + 1


def _key() -> str:
    return f"matrix-{st.session_state.get(_REVISION, 0)}"


def _palette() -> Palette:
    return DARK if st.context.theme.type == "dark" else LIGHT


def _chart(rows: list[dict], description: str) -> alt.LayerChart:
    axis = alt.Axis(labelAngle=0, ticks=False, domain=False, grid=False, labelFontSize=13, titleFontSize=13)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("predicted:O", title="Predicted", axis=axis, scale=alt.Scale(padding=0.03)),
        y=alt.Y("true:O", title="Actual", axis=axis, scale=alt.Scale(padding=0.03)),
        tooltip=[alt.Tooltip("description:N", title="Cell"), alt.Tooltip("share:N", title="Share")],
    )
    squares = base.mark_rect(cornerRadius=4, cursor="pointer", strokeWidth=3).encode(
        fill=alt.Fill("fill:N", scale=None),
        stroke=alt.Stroke("edge:N", scale=None),
        description=alt.Description("description:N"),
    )
    numbers = base.mark_text(fontSize=13, cursor="pointer", aria=False).encode(
        text="text:N", color=alt.Color("ink:N", scale=None)
    )
    cell = alt.selection_point(name="cell", fields=["true", "predicted"], on="click")
    return alt.layer(squares.add_params(cell), numbers).properties(description=f"Confusion matrix. {description}")


def _between(low: str, high: str, part: float) -> str:
    """The colour at `part`, 0 to 1, of the way between two."""
    first, last = (np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) for colour in (low, high))
    return "#" + "".join(f"{round(float(value)):02x}" for value in first + (last - first) * part)


def _percentage(value: float) -> str:
    return "<0.1" if value < 0.1 else f"{value:.1f}"
