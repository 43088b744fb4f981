"""The lines of all pictures as a table, to be downloaded as CSV."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.components import downloads, reserved
from pages.draw_sections import corrections

if TYPE_CHECKING:
    from pages.draw_sections.uploaded_pictures import PictureResult

_LOWEST = "lowest confidence"


def show(results: Sequence["PictureResult"]) -> None:
    """A row for each line, or for a picture without one, and a button that downloads them."""
    table = frame_of(results)
    height = reserved.table_height(len(table))
    with reserved.reserved("lines-table", height):
        st.dataframe(
            table.assign(**{_LOWEST: table[_LOWEST] * 100}),
            hide_index=True,
            height=height,
            placeholder="–",
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


def frame_of(results: Sequence["PictureResult"]) -> pd.DataFrame:
    """Columns file, line, text, lowest confidence, corrected, and problem if a picture has one."""
    rows = []
    for result in results:
        corrected = corrections.of(result.source)
        for number, line in enumerate(result.lines, 1):
            lowest = corrections.lowest_confidence(line, corrected)
            changed = corrections.count(line, corrected)
            rows.append((result.name, number, corrections.text_of(line, corrected), lowest, changed, result.note))
        if not result.lines:
            rows.append((result.name, None, "", None, 0, result.problem))
    columns = ["file", "line", "text", _LOWEST, "corrected", "problem"]
    table = pd.DataFrame(rows, columns=columns).astype({"line": "Int64", _LOWEST: "Float64"})
    table[_LOWEST] = table[_LOWEST].round(4)
    return table if table["problem"].any() else table.drop(columns="problem")
