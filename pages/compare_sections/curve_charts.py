"""The charts of accuracy and loss, one above the other, so that one line marks the same step in both."""

from dataclasses import dataclass
from functools import reduce
from operator import or_

import altair as alt
import pandas as pd

from pages.components import charts

HEIGHT = 210  # pixels of each chart
TOTAL_HEIGHT = 2 * HEIGHT + 236  # with titles and axes, as measured in Chromium
QUANTITIES = {"accuracy": ("Accuracy", ".2%"), "loss": ("Loss (cross-entropy)", ".3f")}  # title, format
_FORMATS = {"accuracy": ".2~%", "loss": ".3~g"}  # of the labels at the axes
PREFIXES = {"validation": "val_", "training": ""}  # in the history
# Vega's names, and their sign in the legend: a run of one epoch has no line, and so no dashes.
MARKS = {"circle": "●", "square": "■", "triangle-up": "▲", "diamond": "◆", "cross": "✚", "triangle-down": "▼"}
_LEFT, _RIGHT = 58, 14  # pixels within a chart for the labels of its axis; Streamlit gives it the whole width
_UNITS = (("s", 1), ("min", 60), ("h", 3600))


@dataclass(frozen=True)
class Options:
    """What the charts show: `images` in PREFIXES, `by` "epoch" or "time", `log` for the loss, `weight` of smoothing."""

    images: str = "validation"
    by: str = "epoch"
    log: bool = False
    weight: float = 0.0


def unit_of_time(seconds: float) -> tuple[str, int]:
    """The unit for an axis that ends after so many seconds, and its length in seconds."""
    return next((unit for unit in _UNITS if seconds < 180 * unit[1]), _UNITS[-1])


def both(table: pd.DataFrame, lines: list[str], options: Options) -> alt.VConcatChart:
    """The charts of a table with a row for each epoch of each run.

    Columns: `run`, `line` (its title in the legend), `epoch`, `seconds`, the quantities with their
    prefixes, and `smooth_accuracy` and `smooth_loss`, which are drawn as lines.
    """
    unit, length = unit_of_time(table["seconds"].max())
    data = table.assign(x=table["epoch"] if options.by == "epoch" else table["seconds"] / length)
    across = "Epoch" if options.by == "epoch" else f"Time since the start ({unit})"
    # The mouse in either chart marks the same place in both.
    hovers = {
        name: alt.selection_point(
            name=f"hover_{name}", on="pointermove", clear="pointerout", nearest=True, encodings=["x"], empty=False
        )
        for name in QUANTITIES
    }
    tips = _hover_table(data, lines, options)
    parts = [_chart(data, tips, quantity, lines, options, across, hovers) for quantity in QUANTITIES]
    return alt.vconcat(*parts, spacing=14).configure_view(stroke=None)


def _chart(
    data: pd.DataFrame,
    tips: pd.DataFrame,
    quantity: str,
    lines: list[str],
    options: Options,
    across: str,
    hovers: dict[str, alt.Parameter],
) -> alt.LayerChart:
    title, _ = QUANTITIES[quantity]
    is_marked = reduce(or_, hovers.values())
    values = f"{PREFIXES[options.images]}{quantity}"
    colours, dashes = charts.by_kind(lines)
    marks = alt.Scale(domain=lines, range=list(MARKS))  # Vega repeats them as needed
    is_log = options.log and quantity == "loss"
    scale = alt.Scale(type="log", nice=False) if is_log else alt.Scale(zero=False)
    y_axis = alt.Axis(
        labelAlign="left", labelPadding=-2, ticks=False, domain=False, title=None, format=_FORMATS[quantity]
    )
    x = alt.X("x:Q", title=across, scale=_across(data, options.by), axis=_axis(options.by))
    columns = ["run", "line", "epoch", "seconds", "x", values, f"smooth_{quantity}"]
    base = alt.Chart(data[columns]).encode(
        x=x,
        color=alt.Color("line:N", scale=colours, legend=None),
        detail="run:N",
    )
    curves = base.mark_line(strokeWidth=2).encode(
        y=alt.Y(f"smooth_{quantity}:Q", scale=scale, axis=y_axis),
        strokeDash=alt.StrokeDash("line:N", scale=dashes, legend=None),
    )
    dots = base.mark_point(filled=True, size=35, opacity=0.35 if options.weight else 1).encode(
        y=alt.Y(f"{values}:Q", scale=scale, axis=y_axis),
        shape=alt.Shape("line:N", scale=marks, legend=None),
    )
    marked = dots.mark_point(filled=True, size=110, opacity=1).transform_filter(is_marked)
    at = alt.Chart(tips).encode(x=x)
    rule = at.mark_rule(color=charts.GREY, strokeDash=[4, 3]).transform_filter(is_marked)
    tooltip = [alt.Tooltip(f"{name}:N", title=head) for name, head in _heads(tips, lines, options.by).items()]
    nearest = at.mark_point(opacity=0).encode(tooltip=tooltip).add_params(hovers[quantity])
    loss_scale = ", log scale" if is_log else ""
    return alt.layer(curves, dots, rule, marked, nearest).properties(
        title=alt.Title(f"{title}, {options.images} images{loss_scale}", anchor="start"),
        height=HEIGHT,
        description=f"{title} on {options.images} images by {across.lower()}, a line for each of {len(lines)} runs",
    )


def _across(data: pd.DataFrame, by: str) -> alt.Scale:
    """From the first epoch, or the start, to the last: an axis that goes on would promise more."""
    low, high = (float(data["x"].min()), float(data["x"].max())) if by == "epoch" else (0.0, float(data["x"].max()))
    if low == high:
        low, high = low - 0.5, high + 0.5
    return alt.Scale(domain=[low, high], nice=False, range=[_LEFT, {"expr": f"width - {_RIGHT}"}])


def _axis(by: str) -> alt.Axis:
    return alt.Axis(tickMinStep=1, format="d", grid=False) if by == "epoch" else alt.Axis(grid=False)


def _hover_table(data: pd.DataFrame, lines: list[str], options: Options) -> pd.DataFrame:
    """A row for each place of the mouse, with both values there as text; grouped runs have theirs side by side."""
    texts = [
        ", ".join(format(row[f"{PREFIXES[options.images]}{name}"], form) for name, (_, form) in QUANTITIES.items())
        for row in data.to_dict("records")
    ]
    data = data.assign(text=texts)
    if options.by == "time":  # no two runs have an epoch at the same time
        return data[["x", "line", "epoch", "text"]].assign(time=[f"{value:.1f}" for value in data["x"]])
    joined = data.groupby(["x", "line"], sort=False)["text"].agg("; ".join).unstack()
    joined = joined.rename(columns={line: f"line{number}" for number, line in enumerate(lines)})
    return joined.fillna("–").reset_index()


def _heads(tips: pd.DataFrame, lines: list[str], by: str) -> dict[str, str]:
    """The title of each row of the tooltip, by column."""
    if by == "time":
        return {"line": "Run", "epoch": "Epoch", "time": "Time", "text": "Accuracy, loss"}
    found = {f"line{number}": line for number, line in enumerate(lines)}
    return {"x": "Epoch", **{name: line for name, line in found.items() if name in tips}}
