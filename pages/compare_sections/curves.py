"""Accuracy and loss of several runs by epoch or by time, on top of each other."""

import base64
from collections.abc import Sequence
from html import escape

import altair as alt
import pandas as pd
import streamlit as st

from digit_core.errors import DigitError
from digit_core.evaluation.comparison import by_seed, data_of
from digit_core.runs.presets import PRESETS
from digit_core.runs.run import Run
from pages.components.titles import markdown

MOST = 12  # runs in one chart; more are a tangle
# Okabe and Ito's colours, which the colour-blind tell apart, without the yellow and the black that
# a light or a dark ground swallows. Marks tell them apart once more; the dash tells the second six.
_COLOURS = ["#0b7fc4", "#e08214", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"]
_MARKS = {  # Vega's name, and the same as an SVG path of 10 x 10 for the legend
    "circle": "M5 1a4 4 0 1 0 .01 0z",
    "square": "M1.5 1.5h7v7h-7z",
    "triangle-up": "M5 1L9.5 9H.5z",
    "diamond": "M5 .2L9 5 5 9.8 1 5z",
    "cross": "M3.5 1h3v2.5H9v3H6.5V9h-3V6.5H1v-3h2.5z",
    "triangle-down": "M5 9L.5 1h9z",
}
_DASHES = [[1, 0], [5, 3]]
_STYLE = """
<style>
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;font-size:.9rem}
.legend div{display:flex;align-items:center;gap:.5rem}
</style>
"""
_QUANTITIES = (("accuracy", "Accuracy", ".2%"), ("loss", "Loss (cross-entropy)", ".3f"))
_FROM = {"validation": "val_", "training": ""}


def show(runs: Sequence[Run], titles: dict[str, str], *, grouped: bool) -> None:
    """Two charts, and the choice of what they show."""
    st.subheader("Curves", anchor=False)
    row = st.container(horizontal=True, gap="medium")
    images = row.radio("Images", list(_FROM), format_func=str.capitalize, horizontal=True, key="curves_of")
    by = row.radio("Against", ["epoch", "time"], format_func=str.capitalize, horizontal=True, key="curves_by")
    names = _lines(runs, titles, grouped=grouped)
    shown = list(dict.fromkeys(names.values()))[:MOST]
    if len(set(names.values())) > MOST:
        st.caption(f"The charts show the first {MOST}; choose fewer runs above to see others.")
    points, left_out = _points([run for run in runs if names.get(run.name) in shown], names, _FROM[images])
    for reason in left_out:
        st.warning(f"{markdown(reason)} Its curves are left out.")
    if not points:
        st.info("There is no curve to show.")
        return
    table = pd.DataFrame(points)
    lines = [line for line in shown if line in set(table["line"])]
    st.html(_legend(lines))
    for column, (quantity, title, form) in zip(st.columns(2), _QUANTITIES, strict=True):
        chart = _chart(table, quantity, title, form, images, by, lines)
        column.altair_chart(chart, width="stretch", key=f"compare-{quantity}")
    st.caption(_in_words(table, images, by, grouped=grouped, comparable=len(data_of(runs)) == 1))


def _lines(runs: Sequence[Run], titles: dict[str, str], *, grouped: bool) -> dict[str, str]:
    """The legend's word for each run; runs that differ in their seed alone share one when grouped."""
    if not grouped:
        return {run.name: titles[run.name] for run in runs}
    words: dict[str, str] = {}
    for number, group in enumerate(by_seed(runs), 1):
        word = titles[group[0].name]
        if len(group) > 1:
            word = f"{PRESETS[group[0].config.preset].title}, {len(group)} seeds"
            word = f"{word} ({number})" if word in words.values() else word
        words |= {run.name: word for run in group}
    return words


def _points(runs: Sequence[Run], names: dict[str, str], prefix: str) -> tuple[list[dict], list[str]]:
    """A point for each epoch of each run, and why some runs have none."""
    points, left_out = [], []
    for run in runs:
        try:
            history = run.history()
        except DigitError as error:
            left_out.append(str(error))
            continue
        points += [
            {
                "line": names[run.name],
                "run": run.name,
                "epoch": row["epoch"],
                "time": row["seconds"],
                "accuracy": row[f"{prefix}accuracy"],
                "loss": row[f"{prefix}loss"],
            }
            for row in history
        ]
    return points, left_out


def _chart(
    table: pd.DataFrame, quantity: str, title: str, form: str, images: str, by: str, lines: list[str]
) -> alt.LayerChart:
    across = "epoch" if by == "epoch" else "time since the start (s)"
    axis = alt.Axis(tickMinStep=1, format="d") if by == "epoch" else alt.Axis()
    numbers = range(len(lines))
    colours = alt.Scale(domain=lines, range=[_COLOURS[n % len(_COLOURS)] for n in numbers])
    base = alt.Chart().encode(
        x=alt.X(f"{by}:Q", title=across, axis=axis),
        y=alt.Y(f"{quantity}:Q", title=f"{images} {title[0].lower()}{title[1:]}", scale=alt.Scale(zero=False)),
        color=alt.Color("line:N", scale=colours, legend=None),
        detail="run:N",
        tooltip=[
            alt.Tooltip("line:N", title="run"),
            "epoch:Q",
            alt.Tooltip("time:Q", format=".1f", title="seconds"),
            alt.Tooltip(f"{quantity}:Q", format=form),
        ],
    )
    marks = alt.Scale(domain=lines, range=[list(_MARKS)[n % len(_MARKS)] for n in numbers])
    dashes = alt.Scale(domain=lines, range=[_DASHES[n // len(_MARKS)] for n in numbers])
    drawn = base.mark_line(strokeWidth=2).encode(strokeDash=alt.StrokeDash("line:N", scale=dashes, legend=None))
    dots = base.mark_point(filled=True, size=45).encode(shape=alt.Shape("line:N", scale=marks, legend=None))
    return alt.layer(drawn, dots, data=table).properties(
        title=f"{title}, {images} images",
        height=320,
        description=f"{title} on {images} images by {across}, a line for each of {len(lines)} runs",
    )


def _legend(lines: Sequence[str]) -> str:
    """One for both charts; it wraps on a phone, which Vega's does not."""
    items = []
    for number, line in enumerate(lines):
        colour, mark = _COLOURS[number % len(_COLOURS)], list(_MARKS.values())[number % len(_MARKS)]
        dash = " ".join(map(str, _DASHES[number // len(_MARKS)]))
        symbol = (
            '<svg xmlns="http://www.w3.org/2000/svg" width="34" height="12">'
            f'<path d="M0 6h34" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
            f'<path transform="translate(12 1)" d="{mark}" fill="{colour}"/></svg>'
        )
        address = "data:image/svg+xml;base64," + base64.b64encode(symbol.encode()).decode()  # st.html drops inline SVG
        items.append(f'<div role="listitem"><img src="{address}" alt="" width="34" height="12">{escape(line)}</div>')
    return f'{_STYLE}<div class="legend" role="list" aria-label="Runs in the charts">{"".join(items)}</div>'


def _in_words(table: pd.DataFrame, images: str, by: str, *, grouped: bool, comparable: bool) -> str:
    last = table.sort_values("epoch").groupby("run").tail(1)
    across = "epoch" if by == "epoch" else "seconds since the start of the training"
    each = "a line for each run, a colour for each group" if grouped else "a line for each run"
    words = f"Accuracy and loss on {images} images by {across}, {each}."
    if not comparable or last["accuracy"].isna().any():
        return words
    best = last.loc[last["accuracy"].idxmax()]
    return (
        f"{words} {markdown(best['line'])} ends with the highest accuracy, {best['accuracy']:.2%} after "
        f"{best['epoch']:.0f} {'epoch' if best['epoch'] == 1 else 'epochs'}."
    )
