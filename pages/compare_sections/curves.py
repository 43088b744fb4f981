"""Accuracy and loss of several runs by epoch or by time, in one chart each."""

from collections.abc import Sequence
from html import escape
from itertools import cycle

import altair as alt
import pandas as pd
import streamlit as st

from digit_core.errors import DigitError
from digit_core.evaluation.comparison import by_seed, data_of
from digit_core.runs.presets import PRESETS
from digit_core.runs.run import Run
from pages.components import charts
from pages.components.titles import markdown

MOST = 12  # runs in one chart; more are a tangle
# Marks by Vega's name, and their sign in the legend: a run of one epoch has no line, and so no dashes.
_MARKS = {"circle": "●", "square": "■", "triangle-up": "▲", "diamond": "◆", "cross": "✚", "triangle-down": "▼"}
_STYLE = """
<style>
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;font-size:.9rem}
.legend i{font-style:normal;margin-right:.5rem}.legend i::before{content:attr(data-mark)}
</style>
"""
_QUANTITIES = {"accuracy": ("Accuracy", ".2%"), "loss": ("Loss (cross-entropy)", ".3f")}  # title, format
_PREFIXES = {"validation": "val_", "training": ""}  # in the history


def show(runs: Sequence[Run], titles: dict[str, str], *, grouped: bool) -> None:
    """Two charts, and their options."""
    st.subheader("Curves", anchor=False)
    row = st.container(horizontal=True, gap="medium")
    images = row.radio("Images", list(_PREFIXES), format_func=str.capitalize, horizontal=True, key="curves_of")
    by = row.radio("Against", ["epoch", "time"], format_func=str.capitalize, horizontal=True, key="curves_by")
    names = _legend_titles(runs, titles, grouped=grouped)
    lines = list(dict.fromkeys(names.values()))
    if len(lines) > MOST:
        st.caption(f"The charts show the first {MOST}; choose fewer runs above to see others.")
    histories = []
    for run in runs:
        if (line := names.get(run.name)) in lines[:MOST]:
            try:
                histories.append(pd.DataFrame(run.history()).assign(line=line, run=run.name))
            except DigitError as error:
                st.warning(f"{markdown(str(error))} Its curves are not shown.")
    if not histories:
        st.info("There is no curve to show.")
        return
    table = pd.concat(histories, ignore_index=True)
    lines = [line for line in lines if line in set(table["line"])]
    st.html(_legend(lines))
    for column, quantity in zip(st.columns(2), _QUANTITIES, strict=True):
        chart = _chart(table, quantity, images, by, lines)
        column.altair_chart(chart, width="stretch", key=f"compare-{quantity}")
    st.caption(_summary(table, images, by, grouped=grouped, comparable=len(data_of(runs)) == 1))


def _legend_titles(runs: Sequence[Run], titles: dict[str, str], *, grouped: bool) -> dict[str, str]:
    """The title of each run in the legend; grouped runs, which differ only in their seed, share one."""
    if not grouped:
        return {run.name: titles[run.name] for run in runs}
    found: dict[str, str] = {}
    for number, group in enumerate(by_seed(runs), 1):
        title = titles[group[0].name]
        if len(group) > 1:
            title = f"{PRESETS[group[0].config.preset].title}, {len(group)} seeds"
            title = f"{title} ({number})" if title in found.values() else title
        found |= {run.name: title for run in group}
    return found


def _chart(table: pd.DataFrame, quantity: str, images: str, by: str, lines: list[str]) -> alt.LayerChart:
    title, form = _QUANTITIES[quantity]
    across = "epoch" if by == "epoch" else "time since the start (s)"
    axis = alt.Axis(tickMinStep=1, format="d") if by == "epoch" else alt.Axis()
    y = f"{_PREFIXES[images]}{quantity}:Q"
    colours, dashes = charts.by_kind(lines)
    base = alt.Chart().encode(
        x=alt.X("epoch:Q" if by == "epoch" else "seconds:Q", title=across, axis=axis),
        y=alt.Y(y, title=f"{images} {title[0].lower()}{title[1:]}", scale=alt.Scale(zero=False)),
        color=alt.Color("line:N", scale=colours, legend=None),
        detail="run:N",
        tooltip=[
            alt.Tooltip("line:N", title="run"),
            "epoch:Q",
            alt.Tooltip("seconds:Q", format=".1f"),
            alt.Tooltip(y, title=quantity, format=form),
        ],
    )
    marks = alt.Scale(domain=lines, range=list(_MARKS))  # Vega repeats them as needed
    curves = base.mark_line(strokeWidth=2).encode(strokeDash=alt.StrokeDash("line:N", scale=dashes, legend=None))
    dots = base.mark_point(filled=True, size=45).encode(shape=alt.Shape("line:N", scale=marks, legend=None))
    return alt.layer(curves, dots, data=table).properties(
        title=f"{title}, {images} images",
        height=320,
        description=f"{title} on {images} images by {across}, a line for each of {len(lines)} runs",
    )


def _legend(lines: Sequence[str]) -> str:
    """One for both charts; it wraps on a phone, which Vega's does not."""
    items = (
        f'<div role="listitem"><i data-mark="{mark}" style="color:{colour}"></i>{escape(line)}</div>'
        for line, mark, colour in zip(lines, cycle(_MARKS.values()), cycle(charts.COLOURS), strict=False)
    )
    return f'{_STYLE}<div class="legend" role="list" aria-label="Runs in the charts">{"".join(items)}</div>'


def _summary(table: pd.DataFrame, images: str, by: str, *, grouped: bool, comparable: bool) -> str:
    across = "epoch" if by == "epoch" else "seconds since the start of the training"
    each = "a line for each run, a colour for each group" if grouped else "a line for each run"
    summary = f"Accuracy and loss on {images} images by {across}, {each}."
    if not comparable:
        return summary
    accuracy = f"{_PREFIXES[images]}accuracy"
    last = table.sort_values("epoch").groupby("run").tail(1)
    best = last.loc[last[accuracy].idxmax()]
    return (
        f"{summary} {markdown(best['line'])} ends with the highest accuracy, {best[accuracy]:.2%} after "
        f"{best['epoch']:.0f} {'epoch' if best['epoch'] == 1 else 'epochs'}."
    )
