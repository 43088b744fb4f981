"""What the person at this browser says that drawings are: stored, taken back, counted.

The database is imported on first use, since it adds a fifth of a second and some megabytes to the app.
"""

import hashlib
import os
import uuid
from collections.abc import Sequence

import numpy as np
import streamlit as st

from digit_core import Prediction
from digit_core.access.actors import current_actor
from digit_core.drawings.labelled import Drawing, Label
from digit_core.errors import DatabaseUnavailable, LimitReached
from digit_core.storage import paths
from pages.components.browser_window import browser_name
from pages.components.noted_errors import noted

_GIVEN, _COUNT, _PROBLEM = "labels_given", "labelled_drawings", "labels_problem"  # in a session
_CHANGED = "labels_changed"
_MOST_GIVEN = 1000  # drawings whose labels a session remembers


def owner() -> str:
    """Whose drawings the person at this browser sees and adds to: the account's, else those of the browser."""
    return current_actor().person or browser_name()


def token_of(prediction: Prediction, run: str) -> str:
    """What names a drawing in this session: the same for the same model input and run."""
    return hashlib.sha1(prediction.model_input.tobytes() + run.encode(), usedforsecurity=False).hexdigest()


def _drawing_id(token: str) -> str:
    """Always the same for a person and a drawing: labelled again in another session, it is not stored again."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{owner()} {token}").hex


def given(token: str) -> int | None:
    """The label given in this session: 0 to 9, 10 for "not a digit", or None."""
    return st.session_state.setdefault(_GIVEN, {}).get(token, (None, None))[1]


def save(
    token: str,
    label: int | None,
    prediction: Prediction,
    source: str,
    run: str,
    *,
    strokes: Sequence[np.ndarray] | None = None,
    ink: np.ndarray | None = None,
) -> None:
    """Store a label for a drawing, and with its first label the drawing itself; None takes a label back.

    The parameters are those of `Drawing` and `Label`; `token` names the drawing in this session. A problem
    is kept for `problem`.
    """
    from digit_core.drawings.writer import WRITER, Change

    remembered = st.session_state.setdefault(_GIVEN, {})
    drawing_id, before = remembered.pop(token, (None, None))
    drawings = []
    if drawing_id is None:
        if label is None:
            return
        drawings.append(Drawing(owner(), source, run, prediction, strokes, ink, id=_drawing_id(token)))
        drawing_id = drawings[0].id
    st.session_state.pop(_PROBLEM, None)
    known = count()  # before the label is stored
    try:
        WRITER.save(Change(drawings, [Label(drawing_id, owner(), label)]))
    except (DatabaseUnavailable, LimitReached) as error:
        st.session_state[_PROBLEM] = noted(error)
        if not drawings:
            remembered[token] = drawing_id, before
        return
    remembered[token] = drawing_id, label
    while len(remembered) > _MOST_GIVEN:
        remembered.pop(next(iter(remembered)))
    st.session_state[_COUNT] = known + (label is not None) - (before is not None)
    if (known > 0) != (st.session_state[_COUNT] > 0):
        st.session_state[_CHANGED] = True


def relabel(drawing_id: str, label: int | None) -> None:
    """Store another label for a drawing that is stored. Raises LimitReached or DatabaseUnavailable."""
    from digit_core.drawings.writer import WRITER, Change

    WRITER.save(Change(labels=[Label(drawing_id, owner(), label)]))
    forget()


def forget() -> None:
    """Note that drawings were changed elsewhere than under a prediction."""
    st.session_state.pop(_COUNT, None)
    st.session_state.pop(_GIVEN, None)


def count() -> int:
    """How many drawings of this person have a label; 0 if the database is away."""
    if _COUNT not in st.session_state:
        st.session_state[_COUNT] = _stored_count()
    return st.session_state[_COUNT]


def changes_sidebar() -> bool:
    """Whether there are labelled drawings now and were none before, or the other way round; once."""
    return st.session_state.pop(_CHANGED, False)


def problem() -> str:
    """Why a label was not stored, or waits, as a sentence; empty if all are stored."""
    if lost := st.session_state.get(_PROBLEM):
        return lost
    if not st.session_state.get(_GIVEN):
        return ""
    from digit_core.drawings.writer import WRITER

    waiting = WRITER.waiting()
    if not waiting.count:
        return ""
    return (
        f"{'1 label waits' if waiting.count == 1 else f'{waiting.count:,} labels wait'} to be stored. {waiting.reason}"
    )


def _stored_count() -> int:
    if not os.environ.get("DIGITS_DATABASE_URL") and not paths.database_file().exists():
        return 0  # nothing was ever stored: the database need not even be imported
    from digit_core.drawings import store

    try:
        return store.count_labelled(owner())
    except DatabaseUnavailable:
        return 0
