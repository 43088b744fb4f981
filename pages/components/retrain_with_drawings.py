"""The button that has the active model learn from labelled drawings."""

from collections.abc import Callable, Collection

import streamlit as st

from pages.components.browser_window import window_name

HELP = (
    "Fine-tunes the active model on labelled drawings, mixed with what it was trained on. It becomes active only if "
    "the drawings held back are predicted no worse, MNIST loses at most 0.1 points and the labels agree."
)
Attempt = Callable[[Callable[[], object]], None]


def show(label: str, attempt: Attempt, *, key: str, busy: bool, owners: Collection[str] | None, without=()) -> None:
    """The button; `owners` (all if None) but not those in `without` are the people whose drawings are learned from.

    While another training is running (`busy`) the new one waits for its turn.
    """

    def start() -> None:
        from digit_core.jobs import adapt  # on demand: it imports the database

        adapt.start_with_drawings_of(owners, without, window=window_name())

    help_text = f"{HELP} It starts when the trainings before it have ended." if busy else HELP
    # As another button: the second click of a double click does not queue a second training.
    key = f"{key}-queued" if busy else key
    if st.button(label, icon=":material/gesture:", help=help_text, width="stretch", key=key):
        attempt(start)
