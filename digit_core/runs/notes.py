"""What people call their runs and write about them, a small file a run, beside the runs.

A run folder is never written to, and its name stays what it is known by; a note only says
how it is shown.
"""

from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from digit_core.errors import InvalidNote
from digit_core.runs.run import open_run
from digit_core.storage import paths
from digit_core.storage.files import storage_errors, write_text

LONGEST_TITLE = 60  # characters; it stands in menus and in the legends of charts
LONGEST_TEXT = 1000


class Note(BaseModel):
    """What a run is called instead of its usual name (one line), and a text about it; both may be empty."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str = ""
    text: str = ""


def note_of(name: str) -> Note:
    """The note of the run of that name; an empty one if there is none that can be read."""
    path = _path(name)
    try:
        stat = path.stat()
        return _read(path, stat.st_size, stat.st_mtime_ns, stat.st_ino)
    except (OSError, ValidationError):
        return Note()


def write_note(name: str, title: str, text: str) -> Note:
    """Keep a note, tidied, and return it; an empty one is not kept.

    Raises InvalidNote, UnknownRun, DamagedRun or StorageError.
    """
    title = "".join(letter for letter in " ".join(title.split()) if letter.isprintable())
    text = text.strip()
    for what, value, longest in (("name", title, LONGEST_TITLE), ("note", text, LONGEST_TEXT)):
        if len(value) > longest:
            raise InvalidNote(f"A {what} can have at most {longest} characters, this one has {len(value)}.")
    open_run(name)
    note = Note(title=title, text=text)
    if note == Note():
        delete_note(name)
    else:
        write_text(_path(name), note.model_dump_json(indent=1))
    return note


def delete_note(name: str) -> None:
    """Drop the note of a run. Raises StorageError."""
    path = _path(name)
    with storage_errors(path):
        path.unlink(missing_ok=True)


def _path(name: str) -> Path:
    return paths.notes_folder() / f"{name}.json"


@lru_cache(maxsize=1000)
def _read(path: Path, _size: int, _changed: int, _inode: int) -> Note:
    return Note.model_validate_json(path.read_bytes())
