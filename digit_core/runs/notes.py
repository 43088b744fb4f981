"""Titles, notes and tags for runs: one small file per run, beside the runs, as a run folder is never written to."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from digit_core.access.actors import Action, require
from digit_core.errors import DamagedRun, InvalidNote
from digit_core.runs.json_files import read_file
from digit_core.runs.run import open_run
from digit_core.storage import paths
from digit_core.storage.files import storage_errors, write_text

LONGEST_TITLE = 60  # characters; it is shown in menus and in the legends of charts
LONGEST_TEXT = 1000
LONGEST_TAG, MOST_TAGS = 24, 10


class Note(BaseModel):
    """A title (one line) to show instead of the run's name, a text, and tags to filter by; all may be empty."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str = ""
    text: str = ""
    tags: tuple[str, ...] = ()


def note_of(name: str) -> Note:
    """The note for a run; an empty one if the file is missing or damaged."""
    try:
        return Note.model_validate_json(read_file(_path(name)))
    except (DamagedRun, ValidationError):
        return Note()


def write_note(name: str, title: str, text: str, tags: Iterable[str] = ()) -> Note:
    """Save a note with whitespace tidied and return it; an empty note deletes the file.

    Tags are kept in lower case, each once, without commas. Raises NotPermitted, InvalidNote, UnknownRun,
    DamagedRun or StorageError.
    """
    require(Action.EDIT)
    tidied = filter(None, (_one_line(tag.replace(",", " ")).lower() for tag in tags))
    note = Note(title=_one_line(title), text=text.strip(), tags=tuple(dict.fromkeys(tidied)))
    limits = [("name", note.title, LONGEST_TITLE), ("note", note.text, LONGEST_TEXT)]
    for kind, value, limit in (*limits, *(("tag", tag, LONGEST_TAG) for tag in note.tags)):
        if len(value) > limit:
            raise InvalidNote(f"A {kind} can have at most {limit} characters, this one has {len(value)}.")
    if len(note.tags) > MOST_TAGS:
        raise InvalidNote(f"A run can have at most {MOST_TAGS} tags, got {len(note.tags)}; remove some.")
    open_run(name)
    if note == Note():
        delete_note(name)
    else:
        write_text(_path(name), note.model_dump_json(indent=1))
    return note


def all_tags() -> set[str]:
    """The tags of all runs."""
    return {tag for path in paths.notes_folder().glob("*.json") for tag in note_of(path.stem).tags}


def delete_note(name: str) -> None:
    """Delete the note for a run. Raises NotPermitted or StorageError."""
    require(Action.EDIT)
    path = _path(name)
    with storage_errors(path):
        path.unlink(missing_ok=True)


def _one_line(text: str) -> str:
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def _path(name: str) -> Path:
    return paths.notes_folder() / f"{name}.json"
