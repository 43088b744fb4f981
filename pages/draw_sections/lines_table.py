"""The lines of all pictures as a table, to be downloaded as CSV."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.components import downloads, reserved
from pages.draw_sections import corrections, text_edits

if TYPE_CHECKING:
    from pages.draw_sections.uploaded_pictures import PictureResult

_LOWEST = "lowest confidence"


def show(results: Sequence["PictureResult"], on_open: Callable[[int], None] | None, key: str) -> None:
    """A row for each line, or for a picture without one, and a button that downloads them.

    `on_open` is called with the place of the picture whose row is selected; without it none can be. `key`: the
    table's, unique on the page.
    """
    rows = _rows(results)
    table = _frame(rows)
    height = reserved.table_height(len(table))
    with reserved.reserved("lines-table", height):
        st.dataframe(
            table.assign(**{_LOWEST: table[_LOWEST] * 100}),
            hide_index=True,
            height=height,
            placeholder="–",
            key=key,
            selection_mode="single-row",
            on_select=(lambda: _open(key, [place for place, *_ in rows], on_open)) if on_open else "ignore",
            column_config={
                "file": "File",
                "line": "Line",
                "text": "Recognised",
                _LOWEST: st.column_config.NumberColumn(
                    "Lowest confidence", format="%.1f%%", help="Of what hardly looks like a digit: the digit likeness"
                ),
                "corrected": "Corrected",
                "problem": st.column_config.TextColumn("Note", width="large"),
            },
        )
    downloads.csv_button(table, "digits")


def _open(key: str, places: Sequence[int], on_open: Callable[[int], None]) -> None:
    for row in st.session_state[key].selection.rows[:1]:
        if row < len(places):
            on_open(places[row])


def frame_of(results: Sequence["PictureResult"]) -> pd.DataFrame:
    """Columns file, line, text, lowest confidence, corrected, and problem if a picture has one."""
    return _frame(_rows(results))


def _rows(results: Sequence["PictureResult"]) -> list[tuple]:
    """The place of the picture in `results` and what its row of the table has, for each line."""
    rows = []
    for at, result in enumerate(results):
        corrected = corrections.of(result.source)
        edits = text_edits.of(result.source)
        for place, text in enumerate(text_edits.texts_of(result.lines, result.source)):
            if place not in edits:
                lowest = corrections.lowest_confidence(result.lines[place], corrected)
                changed = corrections.count(result.lines[place], corrected)
                rows.append((at, result.name, place + 1, text, lowest, changed, result.note))
            elif text:  # else it was edited away
                rows.append((at, result.name, place + 1, text, None, None, f"{result.note} Text edited.".strip()))
        if not result.lines:
            rows.append((at, result.name, None, "", None, 0, result.problem))
    return rows


def _frame(rows: Sequence[tuple]) -> pd.DataFrame:
    columns = ["file", "line", "text", _LOWEST, "corrected", "problem"]
    table = pd.DataFrame([row for _, *row in rows], columns=columns).astype(
        {"line": "Int64", "corrected": "Int64", _LOWEST: "Float64"}
    )
    table[_LOWEST] = table[_LOWEST].round(4)
    return table if table["problem"].any() else table.drop(columns="problem")
