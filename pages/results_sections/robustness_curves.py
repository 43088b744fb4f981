"""Accuracy on distorted images: curves of several runs, and sliders that distort a drawing."""

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from digit_core import Recognizer
from digit_core.datasets.sources import TITLES, is_available
from digit_core.errors import DigitError
from digit_core.evaluation.distortions import DISTORTIONS, Distortion, distorted
from digit_core.evaluation.metrics import wilson_interval
from digit_core.jobs.robustness_jobs import Robustness, kept_robustness, robustness_task
from digit_core.runs.run import Run, list_runs, open_run
from pages.components import charts
from pages.components.image_html import picture
from pages.components.titles import markdown, run_titles

_POLL_SECONDS = 0.7  # between two looks at measurements that wait or run
_MOST_RUNS = 5  # in a chart; more lines cannot be told apart


def show_robustness(run: Run) -> None:
    """Accuracy against each kind of distortion, for this run and others; it polls while one is measured."""
    others = {other.name: other for other in list_runs().runs if other.name != run.name}
    titles = run_titles([run.name, *others])
    names = st.multiselect(
        "Compare with", list(others), format_func=titles.get, max_selections=_MOST_RUNS - 1, key=f"robust-{run.name}"
    )
    runs = {name: others.get(name, run) for name in (run.name, *names)}
    polling = any(_is_active(one) for one in runs.values())
    st.fragment(_measurements, run_every=_POLL_SECONDS if polling else None)(runs, titles, polling)


def _measurements(runs: dict[str, Run], titles: dict[str, str], polling: bool) -> None:
    measured, active = {}, False
    for run in runs.values():
        try:
            kept = kept_robustness(run)
            if kept is None:
                active |= _offer(run, titles[run.name])
            else:
                measured[run.name] = kept
        except DigitError as error:
            st.error(str(error))
    if active != polling:
        st.rerun(scope="app")  # to start polling, or to stop
    if measured:
        _show_curves(runs, titles, measured)


def _offer(run: Run, title: str) -> bool:
    """Offer to measure a run, or show the progress; whether it goes on."""
    task = robustness_task(run)
    status = task.watch()
    if status is not None and status.is_active:
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.progress(status.fraction or 0.0, text=f"Measuring {markdown(title)}: {status.message}")
        if right.button("Cancel", icon=":material/close:", key=f"cancel-{run.name}", width="stretch"):
            task.cancel()
            st.rerun(scope="app")
        return True
    failed = status is not None and status.state == "failed"
    if failed:
        st.error(status.message)
    fetched = not is_available(run.config.data)
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.markdown(
        f"**{markdown(title)}** has not been measured yet. Its test images are turned, moved, sized, slanted, "
        "drawn with another pen, made noisy and blurred; it takes a minute or two, in the background."
        + (f" {TITLES['mnist']} is fetched first (11 MB)." if fetched else "")
    )
    label = "Try again" if failed else "Measure"
    if right.button(label, icon=":material/speed:", key=f"measure-{run.name}", width="stretch"):
        open_run(run.name)  # it may have been deleted meanwhile
        task.start()
        st.rerun(scope="app")
    return False


def _is_active(run: Run) -> bool:
    try:
        return kept_robustness(run) is None and robustness_task(run).is_active()
    except DigitError:
        return False  # the measurement's own place says why


def _show_curves(runs: dict[str, Run], titles: dict[str, str], measured: dict[str, Robustness]) -> None:
    tables = [_table(titles[name], found) for name, found in measured.items()]
    table = pd.concat(tables, ignore_index=True)
    images = {found.images for found in measured.values()}
    st.caption(
        f"Measured on {' or '.join(f'{count:,}' for count in sorted(images))} test images, always the same ones; bands "
        "are 95 % intervals. The images go to the network as they are. A drawing is first brought to one size and "
        "place, so size and shift matter less there than here."
    )
    data = {runs[name].config.data for name in measured}
    if len(data) > 1:
        st.warning("These runs were tested on different data sets, so their curves cannot be compared point by point.")
    # A run keeps its colour in all charts.
    colour, dashes = charts.by_kind([titles[name] for name in measured])
    kinds = [kind for kind in DISTORTIONS.values() if (table["kind"] == kind.name).any()]
    for place, kind in enumerate(kinds):
        if place % 2 == 0:
            row = st.columns(2)  # a new one for each pair, so that neighbours stand at one height
        with row[place % 2]:
            _show_curve(kind, table[table["kind"] == kind.name], colour, dashes, "-".join(measured))


def _show_curve(kind: Distortion, part: pd.DataFrame, colour: alt.Scale, dashes: alt.Scale, name: str) -> None:
    base = alt.Chart(part).encode(x=alt.X("strength:Q", title=f"{kind.title} ({kind.unit})"))
    colours = alt.Color("run:N", scale=colour, legend=charts.legend() if part["run"].nunique() > 1 else None)
    band = base.mark_area(opacity=0.15).encode(
        y=alt.Y("low:Q", **charts.shares("Read right")), y2="high:Q", color=colours
    )
    line = base.mark_line(point=True).encode(
        y=alt.Y("accuracy:Q", **charts.shares("Read right")),
        color=colours,
        strokeDash=alt.StrokeDash("run:N", scale=dashes, legend=None),
        tooltip=[
            "run",
            alt.Tooltip("strength:Q", title=kind.unit),
            alt.Tooltip("accuracy:Q", title="read right", format=".2%"),
            alt.Tooltip("low:Q", title="from", format=".2%"),
            alt.Tooltip("high:Q", title="to", format=".2%"),
        ],
    )
    words = " ".join(_in_words(run, rows, kind) for run, rows in part.groupby("run", sort=False))
    charts.show(band + line, f"{name}-{kind.name}", kind.title, words, part, height=320)


def _in_words(run: str, rows: pd.DataFrame, kind: Distortion) -> str:
    """What a curve says: from where to where nine in ten are read, and the worst point."""
    well = rows["strength"][rows["accuracy"] >= 0.9]
    worst = rows.loc[rows["accuracy"].idxmin()]
    beginning = f"{markdown(run)}: "
    if well.empty:
        return f"{beginning}less than 90 % right everywhere."
    return (
        f"{beginning}90 % or more right from {_signed(well.min())} to {_signed(well.max())}; "
        f"at {_signed(worst['strength'])}, {worst['accuracy']:.1%}."
    )


def _signed(number: float) -> str:
    return f"{number:g}".replace("-", "−")


def _table(title: str, found: Robustness) -> pd.DataFrame:
    rows = [
        {"run": title, "kind": kind, "strength": point.strength, "right": point.right, "images": found.images}
        for kind, points in found.curves.items()
        for point in points
    ]
    table = pd.DataFrame(rows)
    table["accuracy"] = table["right"] / table["images"]
    table["low"], table["high"] = wilson_interval(table["accuracy"].to_numpy(), table["images"].to_numpy())
    return table


@st.fragment
def show_sliders(recognizer: Recognizer, model_input: np.ndarray, key: str = "sliders") -> None:
    """Distort what the model sees, float32 (28, 28), 0 to 1, and show the prediction for it.

    `key` tells apart several of them on a page.
    """
    st.caption("These change the 28 × 28 pixels that the model sees, after your drawing was normalised.")
    names = {kind.name: f"{key}-{kind.name}" for kind in DISTORTIONS.values()}
    board = st.container(horizontal=True, gap="medium")
    reading = board.container(width=260)  # first, so that on a phone it is not below seven sliders
    with board.container(width=340):
        strengths = {kind.name: _slider(kind, names[kind.name]) for kind in DISTORTIONS.values()}
        st.button("Reset", icon=":material/restart_alt:", on_click=_reset, args=(names,), key=f"{key}-reset")
    with reading:
        _show_reading(recognizer, model_input, distorted(model_input[None], strengths)[0])


def _show_reading(recognizer: Recognizer, before: np.ndarray, after: np.ndarray) -> None:
    prediction = recognizer.predict_normalized(after)
    as_drawn = recognizer.predict_normalized(before).digit
    st.html(picture(after, 168, f"What the model sees now, read as {prediction.digit}"))
    if not prediction.is_digit:
        st.markdown(f"This no longer looks like a digit; the best guess is **{prediction.digit}**.")
    else:
        sure = "over 99%" if prediction.confidence > 0.99 else f"{prediction.confidence:.0%}"
        st.markdown(f"Read as **{prediction.digit}**, {sure} sure.")
    if as_drawn != prediction.digit:
        st.markdown(f":material/change_circle: As drawn it is read as **{as_drawn}**.")
    likeliest = np.argsort(-prediction.probabilities)[:3]
    st.caption("Likeliest: " + ", ".join(f"{digit} ({_share(prediction.probabilities[digit])})" for digit in likeliest))


def _share(probability: float) -> str:
    return "> 99.9%" if probability > 0.999 else "< 0.1%" if probability < 0.001 else f"{probability:.1%}"


def _slider(kind: Distortion, key: str) -> float:
    low, high = float(kind.strengths[0]), float(kind.strengths[-1])
    steps = {"degrees": 1.0, "factor": 0.05}
    step = steps.get(kind.unit, 0.5 if high >= 8 else 0.05 if high <= 1 else 0.1)
    # Of a slider on a page that was left only what is set here is known.
    st.session_state.setdefault(key, float(kind.neutral))
    return st.slider(f"{kind.title} ({kind.unit})", low, high, step=step, format="%g", key=key)


def _reset(keys: dict[str, str]) -> None:
    for name, key in keys.items():
        st.session_state[key] = float(DISTORTIONS[name].neutral)
