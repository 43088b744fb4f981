"""The curves of a training, running or finished: by step, epoch or time, smoothed, one cursor for all charts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd
import streamlit as st

from pages.components import charts
from pages.components.curves_script import SCRIPT, STYLE
from pages.components.downloads import csv_button, picture_buttons

# Pixels, with the controls, of one row of two charts and of two; `pages.shell.page_head` reserves them by their keys.
_HEIGHTS = {2: 260, 4: 490}
_LEAST_ROWS = 2  # of the record by step: fewer are no curve
Row = dict[str, float]
_curves = st.components.v2.component(
    "training_curves",
    html='<div class="curves"><div class="controls"></div><div class="charts"></div></div>',
    css=STYLE,
    js=SCRIPT,
    isolate_styles=False,  # the buttons that save a chart look for it in the page
)


@dataclass(frozen=True)
class Curves:
    """A training's record: `steps` with the fields of `digit_core.runs.steps`, `history` with those of `Run.history`.

    `epochs` is how many there will be; `steps_per_epoch` is derived from the record where it is 0.
    """

    history: Sequence[Row] = ()
    steps: Sequence[Row] = ()
    epochs: int = 0
    steps_per_epoch: float = field(default=0.0)

    @property
    def per_epoch(self) -> float:
        """Steps in an epoch, 0 if unknown."""
        if self.steps_per_epoch or len(self.steps) < _LEAST_ROWS:
            return self.steps_per_epoch
        last = self.steps[-1]
        return last["step"] / max(last["epoch"], 1)

    @property
    def has_steps(self) -> bool:
        """Whether there are curves by step."""
        return len(self.steps) >= _LEAST_ROWS and self.per_epoch > 0


def show(curves: Curves, name: str, *, downloads: bool = True) -> None:
    """Show loss and accuracy, and by step learning rate and throughput too. `name` is unique on the page."""
    if not curves.history and not curves.has_steps:
        with st.container(key=f"room-{_HEIGHTS[4]}-{_key(name)}"):
            st.caption("The curves begin with the first steps.")
        return
    drawn = _charts(curves, name)
    with st.container(key=f"room-{_HEIGHTS[len(drawn)]}-{_key(name)}"):
        _curves(
            data={"charts": drawn, "axes": _axes(curves), "smoothing": 0.0},
            key=f"curves-{_key(name)}",
        )
    if not downloads:
        return
    with st.container(horizontal=True, gap="small"):
        csv_button(pd.DataFrame(curves.history), f"{name}-epochs", "Epochs CSV")
        if curves.has_steps:
            csv_button(pd.DataFrame(curves.steps), f"{name}-steps", "Steps CSV")
        for chart in drawn[:2]:
            picture_buttons(f"chart-{chart['key']}", f"{name}-{chart['title'].lower()}", chart["title"], is_named=True)


def _key(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower())


def _axes(curves: Curves) -> list[dict]:
    """What the curves are drawn against; each ends where the training will."""
    epoch = {
        "key": "epoch",
        "title": "Epoch",
        "start": 0 if curves.has_steps else 1,
        "end": curves.epochs,
        "whole": True,
    }
    time = {"key": "seconds", "title": "Seconds", "start": 0, "end": 0, "whole": False}
    if not curves.has_steps:
        return [epoch, time]
    step = {"key": "step", "title": "Step", "start": 0, "end": curves.epochs * curves.per_epoch, "whole": True}
    return [step, epoch, time]


def _charts(curves: Curves, name: str) -> list[dict]:
    quantities = [("Loss", "loss", True, False), ("Accuracy", "accuracy", False, True)]
    found = []
    for title, field_name, can_log, share in quantities:
        lines = [_by_step("training", curves, field_name)] if curves.has_steps else []
        if not lines:
            lines.append(_by_epoch("training", curves, field_name, charts.BLUE, ""))
        lines.append(_by_epoch("validation", curves, f"val_{field_name}", charts.ORANGE, "6 3"))
        found.append(_chart(title, name, lines, can_log=can_log, share=share))
    if curves.has_steps:
        rate, speed = (
            _by_step("learning rate", curves, "learning_rate"),
            _by_step("images", curves, "images_per_second"),
        )
        found.append(_chart("Learning rate", name, [rate | {"smooth": False}], can_log=True))
        found.append(_chart("Images per second", name, [speed], lowest=0))
    return found


def _chart(
    title: str, name: str, lines: list[dict], *, can_log: bool = False, share: bool = False, lowest: float | None = None
) -> dict:
    key = f"{_key(name)}-{_key(title)}"
    return {"title": title, "key": key, "lines": lines, "can_log": can_log, "share": share, "lowest": lowest}


def _by_step(title: str, curves: Curves, field_name: str) -> dict:
    points = [
        {
            "step": row["step"],
            "epoch": row["step"] / curves.per_epoch,
            "seconds": row["seconds"],
            "y": row[field_name],
        }
        for row in curves.steps
    ]
    return {"title": title, "points": points, "colour": charts.BLUE, "dash": "", "smooth": True}


def _by_epoch(title: str, curves: Curves, field_name: str, colour: str, dash: str) -> dict:
    points = [
        {
            "step": row["epoch"] * curves.per_epoch,
            "epoch": row["epoch"],
            "seconds": row["seconds"],
            "y": row[field_name],
        }
        for row in curves.history
    ]
    return {"title": title, "points": points, "colour": colour, "dash": dash, "smooth": not curves.has_steps}
