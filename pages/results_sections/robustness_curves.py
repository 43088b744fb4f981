"""Accuracy on distorted test images: curves of one or more runs."""

import altair as alt
import pandas as pd
import streamlit as st

from digit_core.datasets.sources import TITLES, is_available
from digit_core.errors import DigitError
from digit_core.evaluation.distortions import DISTORTIONS, Distortion
from digit_core.evaluation.metrics import wilson_interval
from digit_core.jobs.tasks import Robustness, load_robustness, robustness_task
from digit_core.runs.run import Run, list_runs
from pages.components import charts
from pages.components.noted_errors import noted
from pages.components.percentages import percent
from pages.components.titles import markdown, run_titles
from pages.results_sections import task_controls

_MOST_RUNS = 5  # in a chart; more lines cannot be told apart


def show_robustness(run: Run) -> None:
    """Accuracy by the strength of each distortion, for this run and those chosen to compare it with."""
    others = {other.name: other for other in list_runs().runs if other.name != run.name}
    titles = run_titles([run.name, *others])
    names = st.multiselect(
        "Compare with", list(others), format_func=titles.get, max_selections=_MOST_RUNS - 1, key=f"robust-{run.name}"
    )
    runs = [run, *(others[name] for name in names)]
    task_controls.show_polling(lambda: _measurements(runs, titles), [robustness_task(run) for run in runs])


def _measurements(runs: list[Run], titles: dict[str, str]) -> None:
    measured = {}
    for run in runs:
        try:
            if (result := load_robustness(run)) is None:
                _offer_measurement(run, titles[run.name])
            else:
                measured[run.name] = result
        except DigitError as error:
            st.error(markdown(noted(error)))
    if measured:
        _show_curves([run for run in runs if run.name in measured], titles, measured)


def _offer_measurement(run: Run, title: str) -> None:
    """The progress of a run's measurement, or a button that starts it."""
    task = robustness_task(run)
    status = task.watch()
    left, right = st.columns([3, 1], vertical_alignment="center")
    if status is not None and status.is_active:
        left.progress(status.fraction or 0.0, text=f"Measuring {markdown(title)}: {status.message}")
        task_controls.cancel_button(task, right, f"cancel-{run.name}")
        return
    fetched = not is_available(run.config.data)
    left.markdown(
        f"**{markdown(title)}** has not been measured yet. Its test images are rotated, shifted, scaled, sheared, "
        "redrawn with another stroke width, made noisy and blurred. This takes a minute or two in the background."
        + (f" {TITLES['mnist']} is downloaded first (11 MB)." if fetched else "")
    )
    task_controls.start_button(task, status, run, right, "Measure", "speed", f"measure-{run.name}")


def _show_curves(runs: list[Run], titles: dict[str, str], measured: dict[str, Robustness]) -> None:
    images = sorted({result.images for result in measured.values()})
    st.caption(
        f"Measured on {' or '.join(f'{count:,}' for count in images)} test images, always the same; bands are 95% "
        "intervals. The distorted images are not normalised again. A drawing is, so size and shift matter less there."
    )
    if len({run.config.data for run in runs}) > 1:
        st.warning("These runs were tested on different data sets, so their curves cannot be compared point by point.")
    kinds = [name for name in DISTORTIONS if any(result.curves.get(name) for result in measured.values())]
    results = {titles[name]: result.model_dump_json() for name, result in measured.items()}
    for place, kind in enumerate(kinds):
        if place % 2 == 0:
            row = st.columns(2)  # for each pair, so that neighbours start at one height
        with row[place % 2]:
            charts.show(_curve(kind, results), f"{'-'.join(measured)}-{kind}")


@charts.once
def _curve(name: str, results: dict[str, str]) -> charts.Figure:
    """The curves for a distortion; `results` are JSON by the run's title."""
    kind = DISTORTIONS[name]
    tables = [_table(title, kind, Robustness.model_validate_json(result)) for title, result in results.items()]
    part = pd.concat(tables, ignore_index=True)
    colour, dashes = charts.by_kind(list(results))  # the same in all charts
    base = alt.Chart(part).encode(
        x=alt.X("strength:Q", title=f"{kind.title} ({kind.unit})"),
        color=alt.Color("run:N", scale=colour, legend=charts.legend() if part["run"].nunique() > 1 else None),
    )
    band = base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", **charts.shares("Accuracy")), y2="high:Q")
    line = base.mark_line(point=True).encode(
        y=alt.Y("accuracy:Q", **charts.shares("Accuracy")),
        strokeDash=alt.StrokeDash("run:N", scale=dashes, legend=None),
        tooltip=["run", alt.Tooltip("strength:Q", title=kind.unit)]
        + [alt.Tooltip(f"{name}:Q", format=".2%") for name in ("accuracy", "low", "high")],
    )
    caption = " ".join(_summary(run, rows) for run, rows in part.groupby("run", sort=False))
    return charts.figure(band + line, kind.title, caption, part, height=220)


def _summary(run: str, rows: pd.DataFrame) -> str:
    """A curve in a sentence: the range with an accuracy of at least 90%, and the worst point."""
    good = rows["strength"][rows["accuracy"] >= 0.9]
    if good.empty:
        return f"{markdown(run)}: below 90% everywhere."
    worst = rows.loc[rows["accuracy"].idxmin()]
    low, high, at = (f"{value:g}".replace("-", "−") for value in (good.min(), good.max(), worst["strength"]))
    return f"{markdown(run)}: 90% or more from {low} to {high}; {percent(worst['accuracy'])} at {at}."


def _table(title: str, kind: Distortion, result: Robustness) -> pd.DataFrame:
    rows = [
        {"run": title, "kind": kind.name, "strength": point.strength, "right": point.right, "images": result.images}
        for point in result.curves.get(kind.name, ())
    ]
    table = pd.DataFrame(rows, columns=["run", "kind", "strength", "right", "images"])
    table["accuracy"] = table["right"] / table["images"]
    table["low"], table["high"] = wilson_interval(table["accuracy"].to_numpy(), table["images"].to_numpy())
    return table
