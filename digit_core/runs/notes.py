"""Titles and notes for runs: one small file per run, beside the runs, as a run folder is never written to."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from digit_core.errors import InvalidNote
from digit_core.runs.run import open_run
from digit_core.storage import paths
from digit_core.storage.files import storage_errors, write_text

LONGEST_TITLE = 60  # characters; it is shown in menus and in the legends of charts
LONGEST_TEXT = 1000


class Note(BaseModel):
    """A title (one line) to show instead of the run's name, and a text; both may be empty."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str = ""
    text: str = ""


def note_of(name: str) -> Note:
    """The note for a run; an empty one if the file is missing or damaged."""
    try:
        return Note.model_validate_json(_path(name).read_bytes())
    except (OSError, ValidationError):
        return Note()


def write_note(name: str, title: str, text: str) -> Note:
    """Save a note with whitespace tidied and return it; an empty note deletes the file.

    Raises InvalidNote, UnknownRun, DamagedRun or StorageError.
    """
    title = "".join(letter for letter in " ".join(title.split()) if letter.isprintable())
    note = Note(title=title, text=text.strip())
    for kind, value, limit in (("name", note.title, LONGEST_TITLE), ("note", note.text, LONGEST_TEXT)):
        if len(value) > limit:
            raise InvalidNote(f"A {kind} can have at most {limit} characters, this one has {len(value)}.")
    open_run(name)
    if note == Note():
        delete_note(name)
    else:
        write_text(_path(name), note.model_dump_json(indent=1))
    return note


def delete_note(name: str) -> None:
    """Delete the note for a run. Raises StorageError."""
    path = _path(name)
    with storage_errors(path):
        path.unlink(missing_ok=True)


def _path(name: str) -> Path:
    return paths.notes_folder() / f"{name}.json"
