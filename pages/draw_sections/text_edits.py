"""The text of a picture's lines as a person types it: for what no box can say, as a digit that was missed.

It replaces what was recognised, in the answer and in the table; nothing is learned from it.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher

import streamlit as st

from pages.draw_sections import corrections
from pages.draw_sections.corrections import Line

_STATE = "text_edits"
_LONGEST = 5000  # characters; the 60 lines that a picture may have need fewer

Edits = dict[
    int, str
]  # the text of each line that was changed, "" if it is none; from the number of lines on: added ones


def texts_of(lines: Sequence[Line], source: str) -> tuple[str, ...]:
    """The text of each line: as edited, else as recognised, with the digits corrected."""
    edits = of(source)
    known = recognised(lines, source)
    texts = [edits.get(place, text) for place, text in enumerate(known)]
    return (*texts, *(edits[place] for place in sorted(edits) if place >= len(known)))


def recognised(lines: Sequence[Line], source: str) -> tuple[str, ...]:
    """The text of each line as recognised, with the digits corrected."""
    return tuple(corrections.text_of(line, corrections.of(source)) for line in lines)


def of(source: str) -> Edits:
    """The lines of a picture whose text a person has typed."""
    return st.session_state.setdefault(_STATE, {}).get(source, {})


def forget(source: str, line: int | None = None) -> None:
    """Drop what was typed for a picture, or for one of its lines."""
    everything = st.session_state.setdefault(_STATE, {})
    if line is not None:
        everything.get(source, {}).pop(line, None)
    if line is None or not everything.get(source):
        everything.pop(source, None)


def show(lines: Sequence[Line], source: str) -> None:
    """A button that opens the text for editing, and one that takes what was edited back."""
    texts = texts_of(lines, source)
    key = f"text-{source}-{hash(texts)}"  # another field for another text: it keeps what was typed into it
    with st.container(horizontal=True):
        with st.popover("Edit text", icon=":material/edit:"):
            st.text_area(
                "A row for each line of the picture",
                "\n".join(texts),
                height=min(max(len(texts) + 1, 3), 14) * 26,
                max_chars=_LONGEST,
                key=key,
                on_change=lambda: _store(source, st.session_state[key], recognised(lines, source)),
                help="For a digit that was missed or a line that is none. To teach the model, correct the boxes.",
            )
        if of(source):
            st.button("Undo all edits", icon=":material/undo:", key=f"undo-{key}", on_click=forget, args=(source,))


def _store(source: str, typed: str, before: Sequence[str]) -> None:
    rows = [" ".join(row.split()) for row in typed.rstrip().splitlines()]
    if edits := edits_between(before, rows):
        st.session_state.setdefault(_STATE, {})[source] = edits
    else:
        forget(source)


def edits_between(before: Sequence[str], after: Sequence[str]) -> Edits:
    """What makes the texts of some lines those that a person has typed; lines that are the same keep their place."""
    if len(after) == len(before):
        return {place: text for place, text in enumerate(after) if text != before[place]}
    edits: Edits = {}
    for kind, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            typed = [*after[first:last], *[""] * (end - start)][: max(end - start, last - first)]
            edits |= dict(zip(range(start, end), typed, strict=False))
            edits |= {len(before) + len(edits) + i: text for i, text in enumerate(typed[end - start :])}
    return edits
