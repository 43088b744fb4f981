"""The text of a picture's lines as a person types it: for what no box can say, as a digit that was missed.

It replaces what was recognised, in the answer and in the table; nothing is learned from it.
"""

from collections.abc import Sequence

import streamlit as st

from pages.draw_sections import corrections
from pages.draw_sections.corrections import Line

_STATE = "text_edits"
_LONGEST = 5000  # characters; the 60 lines that a picture may have need fewer


def texts_of(lines: Sequence[Line], source: str) -> tuple[str, ...]:
    """The text of each line: as edited, else as recognised, with the digits corrected."""
    return _edited().get(source) or recognised(lines, source)


def recognised(lines: Sequence[Line], source: str) -> tuple[str, ...]:
    """The text of each line as recognised, with the digits corrected."""
    return tuple(corrections.text_of(line, corrections.of(source)) for line in lines)


def is_edited(source: str) -> bool:
    """Whether the picture's text is what a person has typed."""
    return source in _edited()


def forget(source: str) -> None:
    """Drop what was typed for a picture."""
    _edited().pop(source, None)


def show(lines: Sequence[Line], source: str) -> None:
    """A button that opens the text for editing, and one that takes what was edited back."""
    texts = texts_of(lines, source)
    key = f"text-{source}-{hash(texts)}"  # another field for another text: it keeps what was typed into it
    with st.container(horizontal=True):
        with st.popover("Edit text", icon=":material/edit:"):
            st.text_area(
                "A row for each line of the picture",
                "\n".join(texts),
                max_chars=_LONGEST,
                key=key,
                on_change=lambda: _store(source, st.session_state[key], recognised(lines, source)),
                help="For a digit that was missed or a line that is none. To teach the model, correct the boxes.",
            )
        if is_edited(source):
            st.button("Undo edit", icon=":material/undo:", key=f"undo-{key}", on_click=forget, args=(source,))


def _store(source: str, typed: str, before: tuple[str, ...]) -> None:
    texts = tuple(" ".join(row.split()) for row in typed.rstrip().splitlines())
    if texts and texts != before:
        _edited()[source] = texts
    else:
        forget(source)


def _edited() -> dict[str, tuple[str, ...]]:
    return st.session_state.setdefault(_STATE, {})
