"""One training by its working folder: what was asked for, and how it goes.

    request.json    settings and command; activate the run? cancel?   written by `jobs` alone
    progress.json   state, losses, message
        waiting                             written by `jobs`, when a training is started or resumed
        training, evaluating, publishing    written by the trainer; publishing: the run is complete
        finished, cancelled, failed         written by `recovery`, for the trainer or after it was killed
    config.json     what was trained, and with what; written once, when the run is complete (see `placing`)

The folder moves to the runs between "publishing" and "finished".
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from digit_core.errors import DigitError
from digit_core.runs.config import TrainingConfig, read_config
from digit_core.runs.json_files import read_small_file
from digit_core.runs.schemas import Progress
from digit_core.storage import paths
from digit_core.storage.files import write_where_folder_is


class Cancelled(Exception):
    """The training was asked to stop."""


class Request(BaseModel):
    """What a person asked for: train with these settings, then `activate` the run; or `cancel`.

    `config` has the fields of `TrainingConfig` as they were written, maybe by another version;
    `command` is what the person did to start it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    activate: bool = True
    cancel: bool = False
    config: dict[str, Any] | None = None
    command: str = ""


@dataclass(frozen=True)
class Job:
    """A training by its working folder; the folder moves away when it becomes a run."""

    folder: Path

    @property
    def name(self) -> str:
        """The name of the run that it will be."""
        return self.folder.name

    def progress(self) -> Progress | None:
        """What was written last, or None if nothing was or the folder is gone; see `recovery.progress_of`."""
        for folder in self._folders():
            path = folder / "progress.json"
            try:
                return Progress.model_validate_json(read_small_file(path))
            except (OSError, ValidationError):
                continue
        return None

    def request(self) -> Request:
        """What was asked for; nothing but to activate the run if that cannot be read."""
        document = self._document("request.json")
        if "config" not in document:
            document = _migrated(document, self._document("config.json"))
        try:
            return Request.model_validate(document)
        except ValidationError:
            return Request()

    def config(self) -> TrainingConfig | None:
        """What it trains, or None if that cannot be read."""
        try:
            return read_config(self.request().config)
        except (AttributeError, TypeError, DigitError):  # there are none, or they are no object
            return None

    # Neither makes the folder: a job whose folder is gone has become a run or was deleted, and a
    # folder with nothing but a late message in it would look like another training.

    def write_progress(self, progress: Progress) -> None:
        """Replace `progress.json`; nothing if the folder is gone. Raises StorageError."""
        write_where_folder_is(self.folder / "progress.json", progress.model_dump_json())

    def write_request(self, request: Request) -> None:
        """Replace `request.json`; nothing if the folder is gone. Raises StorageError."""
        write_where_folder_is(self.folder / "request.json", request.model_dump_json(indent=1))

    def _folders(self) -> tuple[Path, Path]:
        return self.folder, paths.runs_folder() / self.name

    def _document(self, name: str) -> dict:
        for folder in self._folders():
            try:
                document = json.loads((folder / name).read_text(encoding="utf-8"))
            except (OSError, ValueError, RecursionError):
                continue
            return document if isinstance(document, dict) else {}
        return {}


def working_jobs() -> list[Job]:
    """The working folders of this home: trainings under way and those that left no run, newest first."""
    return [Job(folder) for folder in visible_folders(paths.working_folder())]


def visible_folders(parent: Path) -> list[Path]:
    """The folders in a folder, last name first; none if it cannot be listed. Hidden ones are being deleted."""
    try:
        entries = sorted(parent.iterdir(), reverse=True)
    except OSError:
        return []
    return [entry for entry in entries if entry.is_dir() and not entry.name.startswith(".")]


def _migrated(request: dict, config: dict) -> dict:
    """A request of before settings and command stood in `request.json`, when they stood in `config.json`."""
    environment = config.get("environment")
    command = config.get("command") or (environment.get("command") if isinstance(environment, dict) else None)
    return {
        "activate": request.get("serve", request.get("activate", True)),
        "cancel": request.get("cancel", False),
        "config": config.get("config"),
        "command": command or "",
    }
