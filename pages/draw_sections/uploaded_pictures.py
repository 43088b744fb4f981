"""Recognise uploaded pictures one after another, and show one of them, or a table of all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st
from PIL import Image
from streamlit.runtime.uploaded_file_manager import UploadedFile

from digit_core import DigitError, Recognizer
from digit_core.inference.prediction import Number
from digit_core.preprocessing.grayscale import as_rgb
from digit_core.preprocessing.image_files import FIRST_ONLY, further_pictures
from digit_core.preprocessing.untrusted_pictures import open_untrusted
from digit_core.telemetry.events import predicting
from pages.components import draw_layout, prediction_card
from pages.components.noted_errors import noted
from pages.draw_sections import box_labels, corrections, digit_boxes, number_card, text_edits
from pages.draw_sections.corrections import DigitBox, Line

_RESULTS, _SHOWN, _ADDED = "picture_results", "picture_shown", "pictures_added"
_TABLE = "pictures_table"  # how many tables there were: another one has no row selected
_MOST_PROBLEMS = 5  # in full above the table


@dataclass(frozen=True)
class PictureResult:
    """What was recognised on a picture: its lines, or why there are none; a `note` about what was left out."""

    source: str
    name: str
    lines: tuple[Line, ...] = ()
    problem: str = ""
    note: str = ""


@dataclass(frozen=True)
class _Details:
    """The one picture that is shown: all others would take too much memory."""

    image: Image.Image
    size: tuple[int, int]
    numbers: tuple[Number, ...]


def show(files: Sequence[UploadedFile], recognizer: Recognizer) -> None:
    """Recognise the files that are new and show the result."""
    results = _recognised(files, recognizer)
    if len(results) == 1:
        _show_one(files[0], results[0], recognizer)
    elif results:
        _show_several(files, results, recognizer)


def _recognised(files: Sequence[UploadedFile], recognizer: Recognizer) -> list[PictureResult]:
    """The results of all files, one after another; those known from before are not read again."""
    known: dict[str, PictureResult] = st.session_state.setdefault(_RESULTS, {})
    wanted = {_source(file, recognizer): file for file in files}
    for source in known.keys() - wanted.keys():
        del known[source]
        corrections.forget(source)
        text_edits.forget(source)
    new = [source for source in wanted if source not in known]
    if new:
        st.session_state[_ADDED] = new
    place = st.empty()  # in the same place whether there is something to do or not
    for done, source in enumerate(new):
        if len(new) > 1:
            place.progress(done / len(new), f"Picture {done + 1} of {len(new)}: {_plain(wanted[source].name)}")
        known[source] = _recognise(wanted[source], source, recognizer)
    place.empty()
    return [known[source] for source in wanted]


def _source(file: UploadedFile, recognizer: Recognizer) -> str:
    return f"{file.file_id}-{recognizer.run.name}"


def _plain(name: str) -> str:
    """A file's name where Markdown is read."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]()#+-!|~<>:$" else letter for letter in name)


def _recognise(file: UploadedFile, source: str, recognizer: Recognizer) -> PictureResult:
    note = FIRST_ONLY.get(further_pictures(file), "")
    try:
        details = _read(file, source, recognizer)
    except DigitError as error:
        return PictureResult(source, file.name, problem=noted(error), note=note)
    return PictureResult(source, file.name, corrections.lines_of(details.numbers), note=note)


def _read(file: UploadedFile, source: str, recognizer: Recognizer) -> _Details:
    """The picture and all that was recognised on it; the last one is kept. Raises DigitError."""
    kept = st.session_state.get(_SHOWN)
    if kept and kept[0] == source:
        return kept[1]
    image = open_untrusted(file.getvalue(), file.name)
    with predicting("picture"):
        numbers = recognizer.predict_lines(image)
    details = _Details(as_rgb(image), image.size, numbers)
    st.session_state[_SHOWN] = source, details
    return details


def _show_one(file: UploadedFile, result: PictureResult, recognizer: Recognizer) -> None:
    """A picture with its boxes, and what is recognised on it."""
    if result.problem:
        st.error(_sentence(result))
        return
    if result.note:
        st.info(result.note)
    details = _read(file, result.source, recognizer)
    digits = [digit for number in details.numbers for digit in number.digits]
    left, right = draw_layout.columns("numbers" if len(digits) > 1 else "upload")
    with left:
        opened = _show_boxes(details, result, recognizer)
    with right:
        if len(digits) == 1 and not corrections.of(result.source):
            prediction_card.show(digits[0].prediction, digits[0].steps)
        else:
            number_card.show_text(result.lines, result.source)
            text_edits.show(result.lines, result.source)
            number_card.show_opened(details.numbers, opened)
    if len(result.lines) > 1:
        _show_table([result])


def _show_several(files: Sequence[UploadedFile], results: list[PictureResult], recognizer: Recognizer) -> None:
    """A table of all pictures, and one of them with its boxes."""
    _show_problems(results)
    # Another choice for other files.
    choice = f"picture-{results[0].source}-{results[-1].source}-{len(results)}"
    _show_table(results, lambda place: st.session_state.update({choice: place}))
    places = range(len(results))
    recognised = [place for place in places if not results[place].problem]
    added = [place for place in recognised if results[place].source in st.session_state.get(_ADDED, ())]
    if choice not in st.session_state:
        st.session_state[choice] = next(iter(added or recognised), 0)
    chosen = st.selectbox(
        "Picture",
        places,
        on_change=_select_no_row,
        format_func=lambda place: f"{place + 1}. {results[place].name}",
        key=choice,
    )
    of = {_source(file, recognizer): file for file in files}
    result = results[chosen or 0]
    with st.container(key="chosen-picture"):
        if result.problem:
            st.error(_sentence(result))
            return
        details = _read(of[result.source], result.source, recognizer)
        left, right = draw_layout.columns("numbers")
        with left:
            opened = _show_boxes(details, result, recognizer)
        with right:
            number_card.show_text(result.lines, result.source)
            text_edits.show(result.lines, result.source)
            number_card.show_opened(details.numbers, opened)


def _select_no_row() -> None:
    """Take the mark from the table's row, whose picture is no longer the one that is shown."""
    st.session_state[_TABLE] = st.session_state.get(_TABLE, 0) + 1


def _show_problems(results: Sequence[PictureResult]) -> None:
    """Why files were not recognised, in full: the table is wider than a phone."""
    failed = [result for result in results if result.problem]
    if not failed:
        return
    shown = [f"- {_sentence(result)}" for result in failed[:_MOST_PROBLEMS]]
    if more := len(failed) - len(shown):
        shown.append(f"- and {more} more, in the table")
    st.warning("\n".join([f"{len(failed)} of {len(results)} files could not be recognised:", "", *shown]))


def _show_boxes(details: _Details, result: PictureResult, recognizer: Recognizer) -> DigitBox | None:
    """The picture with its boxes, whose corrections are stored; returns the digit that is selected."""
    return digit_boxes.show(
        details.image,
        details.size,
        result.lines,
        result.source,
        "upload-digits",
        lambda box, label: box_labels.store(details.numbers, "picture", recognizer.run.name, box, label),
    )


def _sentence(result: PictureResult) -> str:
    """Why a picture was not recognised, with its name."""
    return _plain(result.problem if result.name in result.problem else f"{result.name}: {result.problem}")


def _show_table(results: Sequence[PictureResult], on_open: Callable[[int], None] | None = None) -> None:
    from pages.draw_sections import lines_table  # on demand: it imports pandas

    lines_table.show(results, on_open, f"lines-{st.session_state.get(_TABLE, 0)}")
