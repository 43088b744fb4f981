"""Which of one's drawings are shown."""

import time
from collections.abc import Sequence

import streamlit as st

from digit_core.drawings.labelled import LABELS, NOT_A_DIGIT
from digit_core.drawings.store import StoredDrawing
from pages.components.titles import run_title

_ANY = "any"
_NO_LABEL = "none"
_SHOWN = {"all": "All", "wrong": "Wrong", "right": "Right"}
_SINCE = {"any": "Any time", "day": "Last 24 hours", "week": "Last 7 days", "month": "Last 30 days"}
_DAYS = {"day": 1, "week": 7, "month": 30}


def show(drawings: Sequence[StoredDrawing]) -> list[StoredDrawing]:
    """The controls; returns the drawings that match, in their order."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    shown = row.segmented_control(
        "Prediction", list(_SHOWN), format_func=_SHOWN.get, default="all", key="my-shown", required=True
    )
    true = row.selectbox("Label", [_ANY, *LABELS, _NO_LABEL], format_func=label_title, key="my-true", width=140)
    predicted = row.selectbox("Predicted", [_ANY, *LABELS], format_func=label_title, key="my-predicted", width=140)
    since = row.selectbox("When", list(_SINCE), format_func=_SINCE.get, key="my-since", width=150)
    runs = list(dict.fromkeys(drawing.run for drawing in drawings))
    run = row.selectbox("Run", [_ANY, *runs], format_func=_run_title, key="my-run", width=220)
    earliest = time.time() - 86_400 * _DAYS[since] if since in _DAYS else 0.0
    return [
        drawing
        for drawing in drawings
        if (shown == "all" or drawing.is_right is (shown == "right"))
        and (true == _ANY or drawing.label == (None if true == _NO_LABEL else true))
        and (predicted == _ANY or (drawing.predicted if drawing.is_digit else NOT_A_DIGIT) == predicted)
        and (run == _ANY or drawing.run == run)
        and drawing.created >= earliest
    ]


def _run_title(name: str) -> str:
    return "Any" if name == _ANY else run_title(name)


def label_title(label: int | str | None) -> str:
    """A label on screen."""
    if label == _ANY:
        return "Any"
    if label is None or label == _NO_LABEL:
        return "No label"
    return "Not a digit" if label == NOT_A_DIGIT else str(label)
