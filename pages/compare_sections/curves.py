"""Accuracy and loss of several runs by epoch or by time: the options, the legend and what the charts show."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import cycle

import altair as alt
import pandas as pd
import streamlit as st

from digit_core.errors import DigitError
from digit_core.evaluation.comparison import by_seed, data_of
from digit_core.evaluation.smoothing import smoothed
from digit_core.runs.presets import PRESETS
from digit_core.runs.run import Run
from pages.compare_sections.curve_charts import MARKS, PREFIXES, QUANTITIES, TOTAL_HEIGHT, Options, both
from pages.components import charts
from pages.components.noted_errors import noted
from pages.components.reserved import reserved
from pages.components.titles import markdown

MOST = 12  # runs in one chart; more are a tangle
_STYLE = """
<style>
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;font-size:.9rem}
.legend i{font-style:normal;margin-right:.5rem}.legend i::before{content:attr(data-mark)}
</style>
"""


def show(runs: Sequence[Run], titles: dict[str, str], *, grouped: bool) -> None:
    """Two charts, and their options."""
    st.subheader("Curves", anchor=False)
    with st.container(key="curve-options", horizontal=True, gap="medium", vertical_alignment="bottom"):
        images = st.radio("Images", list(PREFIXES), format_func=str.capitalize, horizontal=True, key="curves_of")
        by = st.radio("Against", ["epoch", "time"], format_func=str.capitalize, horizontal=True, key="curves_by")
        weight = st.slider(
            "Smoothing",
            0.0,
            0.9,
            step=0.1,
            key="curves_smoothing",
            width=170,
            help="Exponential moving average: the weight of the epochs before.",
        )
        log = st.toggle("Log scale for the loss", key="curves_log")
    names = _legend_titles(runs, titles, grouped=grouped)
    lines = list(dict.fromkeys(names.values()))[:MOST]
    if len(set(names.values())) > MOST:
        st.caption(f"The charts show the first {MOST}; choose fewer runs above to see others.")
    shown = [run for run in runs if names.get(run.name) in lines]
    options = Options(images, by, log=log, weight=weight)
    found = _charts(shown, names, options, grouped=grouped, comparable=len(data_of(runs)) == 1)
    for problem in found.problems:
        st.warning(problem)
    if found.chart is None:
        st.info("There is no curve to show.")
        return
    st.html(found.legend)
    with reserved("compare_curves", TOTAL_HEIGHT):
        _draw(found)
    st.caption(found.summary)


@dataclass(frozen=True)
class _Charts:
    """What is shown; no chart if there is no curve."""

    problems: tuple[str, ...]
    chart: alt.VConcatChart | None = None
    legend: str = ""
    summary: str = ""
    token: str = field(default_factory=lambda: uuid.uuid4().hex)


@charts.once
def _charts(runs: list[Run], names: dict[str, str], options: Options, *, grouped: bool, comparable: bool) -> _Charts:
    """The charts of these runs; `names` are the runs' titles in the legend."""
    histories, problems = [], []
    for run in runs:
        try:
            histories.append(pd.DataFrame(run.history()).assign(line=names[run.name], run=run.name))
        except DigitError as error:
            problems.append(f"{markdown(noted(error))} Its curves are not shown.")
    if not histories:
        return _Charts(tuple(problems))
    table = pd.concat(histories, ignore_index=True)
    lines = list(dict.fromkeys(table["line"]))
    chart = both(_with_smooth(table, options.images, options.weight), lines, options)
    return _Charts(
        tuple(problems), chart, _legend(lines), _summary(table, options, grouped=grouped, comparable=comparable)
    )


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs={_Charts: lambda found: found.token})
def _draw(found: _Charts) -> None:
    st.altair_chart(found.chart, width="stretch", key="compare-curves")


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


def _with_smooth(table: pd.DataFrame, images: str, weight: float) -> pd.DataFrame:
    """With the columns that are drawn as lines: each run's own curve, smoothed."""
    runs = table.groupby("run", sort=False)
    columns = {
        f"smooth_{name}": runs[f"{PREFIXES[images]}{name}"].transform(lambda values: smoothed(values.tolist(), weight))
        for name in QUANTITIES
    }
    return table.assign(**columns)


def _legend(lines: Sequence[str]) -> str:
    """One for both charts; it wraps on a phone, which Vega's does not."""
    items = (
        f'<div role="listitem"><i data-mark="{mark}" style="color:{colour}"></i>{escape(line)}</div>'
        for line, mark, colour in zip(lines, cycle(MARKS.values()), cycle(charts.COLOURS), strict=False)
    )
    return f'{_STYLE}<div class="legend" role="list" aria-label="Runs in the charts">{"".join(items)}</div>'


def _summary(table: pd.DataFrame, options: Options, *, grouped: bool, comparable: bool) -> str:
    across = "epoch" if options.by == "epoch" else "seconds since the start of the training"
    each = "a line for each run, a colour for each group" if grouped else "a line for each run"
    summary = f"Accuracy and loss on {options.images} images by {across}, {each}."
    if not comparable:
        return summary
    accuracy = f"{PREFIXES[options.images]}accuracy"
    last = table.sort_values("epoch").groupby("run").tail(1)
    best = last.loc[last[accuracy].idxmax()]
    return (
        f"{summary} {markdown(best['line'])} ends with the highest accuracy, {best[accuracy]:.2%} after "
        f"{best['epoch']:.0f} {'epoch' if best['epoch'] == 1 else 'epochs'}."
    )
