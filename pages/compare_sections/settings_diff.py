"""The settings in which the compared runs differ."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from digit_core.evaluation.settings import differing_settings
from digit_core.runs.run import Run
from pages.components import charts
from pages.components.reserved import reserved, table_height

_TEXT = st.column_config.TextColumn


def show(runs: Sequence[Run], titles: Mapping[str, str]) -> None:
    """A row for each setting that is not the same in all runs, a column for each run; nothing for a single run."""
    if len(runs) < 2:
        return
    st.subheader("Settings that differ", anchor=False)
    rows = differing_settings([run.config for run in runs])
    if not rows:
        st.info("These runs do not differ in any setting, not even in the seed.", icon=":material/equal:")
        return
    with reserved("settings_diff", table_height(len(rows))):
        _show_table([titles[run.name] for run in runs], rows)


@charts.once
def _show_table(titles: list[str], rows: dict[str, list[str]]) -> None:
    columns = {f"run{number}": title for number, title in enumerate(titles)}  # two may have the same title
    table = pd.DataFrame(
        [{"setting": title, **dict(zip(columns, values, strict=True))} for title, values in rows.items()]
    )
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        column_config={"setting": _TEXT("Setting", pinned=True, width=150)}
        | {name: _TEXT(title) for name, title in columns.items()},
        alt="Settings in which the compared runs differ",
    )
