"""Searches of settings: their trials, the settings of the good ones, and how much each setting matters."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from digit_core.datasets.sources import TITLES
from digit_core.errors import DigitError
from digit_core.evaluation.parallel_coordinates import LOSS_TITLE, coordinates
from digit_core.runs.presets import PRESETS
from digit_core.runs.searches import Search, Trial, list_searches, read_importance, read_trials
from pages.components import charts
from pages.components.downloads import csv_button
from pages.components.reserved import reserved, table_height
from pages.components.titles import markdown, run_markdown

_MOST_LABELS = 9  # values named at an axis
_NUMBER = st.column_config.NumberColumn


def show() -> None:
    """The newest search, and a menu of all; nothing where there is none."""
    searches = {search.name: search for search in list_searches()}
    if not searches:
        return
    st.subheader("Searches", anchor=False)
    name = st.selectbox("Search", list(searches), key="search") if len(searches) > 1 else next(iter(searches))
    search = searches[name]
    try:
        trials = read_trials(search)
    except DigitError as error:
        st.error(markdown(str(error)))
        return
    st.markdown(_summary(search, trials))
    if not trials:
        return
    _show_table(search, trials)
    table = coordinates(search, trials)
    if len(table):
        _show_coordinates(search, table)
    if importance := read_importance(search):
        _show_importance(search, importance)


def _summary(search: Search, trials: Sequence[Trial]) -> str:
    ended = sum(trial.state != "running" for trial in trials)
    early = sum(trial.state == "stopped early" for trial in trials)
    title, data = PRESETS[search.preset].title if search.preset in PRESETS else search.preset, TITLES.get(search.data)
    failed = sum(trial.state == "failed" for trial in trials)
    text = f"**{markdown(title)}** on {data}: {ended} of {search.trials} trials, {early} of them stopped early"
    text += f", {failed} failed." if failed else "."
    by_number = {trial.number: trial for trial in trials}
    best, own = by_number.get(search.best), by_number.get(search.baseline)
    if best:
        text += f" Best: trial {best.number}, validation accuracy {best.validation_accuracy:.2%}"
        text += f", loss {best.validation_loss:.4f}"
    if own and own.validation_loss is not None:
        text += f"{'; with' if best else ' With'} the preset's own settings (trial {own.number}) "
        text += f"{own.validation_accuracy:.2%}, loss {own.validation_loss:.4f}"
    if best or own:
        text += "."
    return text + (f" Its run is {run_markdown(search.run)}." if search.finished and search.run else "")


def _show_table(search: Search, trials: Sequence[Trial]) -> None:
    rows = [
        {
            "trial": trial.number,
            "state": trial.state,
            "epochs": trial.epochs,
            "loss": trial.validation_loss,
            "accuracy": trial.validation_accuracy,
            "seconds": trial.seconds,
            **{setting.name: trial.settings.get(setting.name) for setting in search.settings},
            "problem": trial.problem,
        }
        for trial in trials
    ]
    table = pd.DataFrame(rows).sort_values("loss", na_position="last")
    if not table["problem"].any():
        table = table.drop(columns="problem")
    columns = {
        "trial": _NUMBER("Trial", pinned=True, width=60),
        "state": st.column_config.TextColumn("State", width=110),
        "epochs": _NUMBER("Epochs", width=70),
        "loss": _NUMBER(LOSS_TITLE, format="%.4f"),
        "accuracy": _NUMBER("Validation accuracy", format="percent"),
        "seconds": _NUMBER("Seconds", format="%.0f", width=80),
        "problem": "Problem",
    } | {setting.name: setting.title for setting in search.settings}
    reserved("search_trials", table_height(len(table))).dataframe(
        table, hide_index=True, width="stretch", column_config=columns, alt=f"Trials of the search {search.name}"
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        csv_button(table, f"search-{search.name}")
        st.caption(
            "Chosen on validation images alone. A trial is stopped early when two thirds of the others are better "
            "after as many epochs.",
            width="stretch",
        )


def _show_coordinates(search: Search, table: pd.DataFrame) -> None:
    order = list(dict.fromkeys(table["axis"]))
    x = alt.X(
        "axis:N", sort=order, title=None, axis=alt.Axis(labelAngle=-35, labelLimit=120, labelOverlap=False, grid=True)
    )
    y = alt.Y("place:Q", axis=None, scale=alt.Scale(domain=[0, 1], padding=8))
    lines = (
        alt.Chart(table)
        .mark_line(strokeWidth=1.5)
        .encode(
            x=x,
            y=y,
            detail="trial:N",
            color=alt.Color("rank:Q", legend=None, scale=alt.Scale(range=[charts.BLUE, charts.GREY])),
            opacity=alt.Opacity("rank:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[1.0, 0.15])),
            tooltip=[
                alt.Tooltip("trial:N", title="Trial"),
                alt.Tooltip("loss:Q", title=LOSS_TITLE, format=".4f"),
                alt.Tooltip("state:N", title="State"),
            ],
        )
    )
    labels = (
        alt.Chart(_labels(table))
        .mark_text(align="left", dx=5, fontSize=11, color=charts.GREY)
        .encode(x=x, y=y, text="value:N")
    )
    figure = charts.figure(
        alt.layer(lines, labels),
        "Settings of the trials",
        "A line for each trial, through its value of each setting; the darker, the smaller its validation loss.",
        table,
        height=300,
        more=40,
    )
    charts.show(figure, f"search-{search.name}-settings")


def _labels(table: pd.DataFrame) -> pd.DataFrame:
    """The values to name at each axis: all where they are few, else the lowest and the highest."""
    values = table.drop_duplicates(["axis", "value"]).sort_values("place")
    parts = []
    for _, axis in values.groupby("axis", sort=False):
        parts.append(axis if len(axis) <= _MOST_LABELS and axis["place"].nunique() > 1 else axis.iloc[[0, -1]])
    return pd.concat(parts).drop_duplicates(["axis", "value"])


def _show_importance(search: Search, importance: dict[str, float]) -> None:
    titles = {setting.name: setting.title for setting in search.settings}
    table = pd.DataFrame(
        [{"setting": titles.get(name, name), "importance": share} for name, share in importance.items()]
    )
    chart = (
        alt.Chart(table)
        .mark_bar(color=charts.BLUE)
        .encode(
            x=alt.X("importance:Q", **charts.shares("Share of the variance")),
            y=alt.Y("setting:N", sort="-x", title=None, axis=alt.Axis(labelLimit=200)),
            tooltip=[
                alt.Tooltip("setting:N", title="Setting"),
                alt.Tooltip("importance:Q", title="Share", format=".1%"),
            ],
        )
    )
    after = "the first epoch" if search.rung == 1 else f"{search.rung} epochs"
    figure = charts.figure(
        chart,
        "Importance of each setting",
        f"How much of the variance of the validation loss after {after}, which all trials reach, each setting explains "
        "by itself (functional ANOVA, Hutter, Hoos and Leyton-Brown 2014).",
        table,
        height=26 * len(table) + 20,
    )
    charts.show(figure, f"search-{search.name}-importance")
