"""One training by its working folder: what was asked of it, and how it goes.

config.json     what to train            (written by whoever asks)
request.json    serve it? cancel it?     (written by whoever asks)
progress.json   how it goes              (written by the trainer)
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import ValidationError

from digit_core.errors import DigitError
from digit_core.records import home
from digit_core.records.config import TrainingConfig, parse_config
from digit_core.records.documents import read_small_file
from digit_core.records.results import Progress
from digit_core.records.storage import write_where_folder_is


@dataclass(frozen=True)
class Request:
    """What the one who asked wants: `serve` the run when it is finished, `cancel` it now."""

    serve: bool = True
    cancel: bool = False


@dataclass(frozen=True)
class Job:
    """A training by its working folder; the folder moves away when it becomes a run."""

    folder: Path

    @property
    def name(self) -> str:
        """The name of the run that it will be."""
        return self.folder.name

    def progress(self) -> Progress | None:
        """How it goes, or None once the folder is gone or while nothing is written yet."""
        for folder in (self.folder, home.runs_folder() / self.name):
            try:
                return Progress.model_validate_json(read_small_file(folder / "progress.json"))
            except (OSError, ValidationError):
                continue
        return None

    def config(self) -> TrainingConfig | None:
        """What it trains, or None if that cannot be read."""
        try:
            return parse_config(json.loads((self.folder / "config.json").read_text(encoding="utf-8"))["config"])
        except (OSError, ValueError, KeyError, TypeError, DigitError):
            return None

    def request(self) -> Request:
        """What was asked of it."""
        try:
            return Request(**json.loads((self.folder / "request.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return Request()

    # Neither makes the folder: a job whose folder is gone has become a run or was deleted, and a
    # folder with nothing but a late word in it would look like another training.

    def write_progress(self, progress: Progress) -> None:
        """Replace `progress.json`; nothing if the folder is gone. Raises StorageError."""
        write_where_folder_is(self.folder / "progress.json", progress.model_dump_json())

    def write_request(self, request: Request) -> None:
        """Replace `request.json`; nothing if the folder is gone. Raises StorageError."""
        write_where_folder_is(self.folder / "request.json", json.dumps(asdict(request)))
