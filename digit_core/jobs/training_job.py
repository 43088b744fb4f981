"""One training by its working folder: what was requested, and its progress.

    request.json    settings and command; activate the run? cancel?   written by `trainings` alone
    progress.json   state, losses, message
        queued                              written by `training_queue`, while another training is running
        waiting                             written by `trainings`, when a training is started or resumed
        training, evaluating, publishing    written by the trainer; publishing: the run is complete
        finished, cancelled, failed         written by `recovery`, for the trainer or after it was killed
    config.json     the settings and the environment; written once, when the run is complete (`publishing`)

The folder moves to the runs between "publishing" and "finished".
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from digit_core.errors import DamagedRun, InvalidConfig
from digit_core.runs.config import TrainingConfig, read_config
from digit_core.runs.json_files import read_json, read_model
from digit_core.runs.schemas import Progress
from digit_core.runs.steps import read_steps
from digit_core.storage import paths
from digit_core.storage.files import write_if_folder_exists

_RESERVE, _RESERVED_BYTES = "reserve.bin", 65_536
TRAINED = "trained.json"  # in the folder of a training elsewhere: what is known before the test (`TrainedNetwork`)
TEACHERS = "teachers"  # a folder in it, with the .tflite files of runs that are not on that machine


class Cancelled(Exception):
    """The training was cancelled."""


class Request(BaseModel):
    """What was requested: train with these settings, then `activate` the run; or `cancel`.

    `config` has the fields of `TrainingConfig`, maybe of an earlier version; `command` is what the
    person ran to start it. `window` is the random id of the browser tab that started it, and
    `cancelled_by` of the one that cancelled it; empty if it was not a browser tab.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    activate: bool = Field(default=True, validation_alias=AliasChoices("activate", "serve"))
    cancel: bool = False
    config: dict[str, Any] | None = None
    command: str = ""
    window: str = ""
    cancelled_by: str = ""


@dataclass(frozen=True)
class Job:
    """A training by its working folder; the folder moves to the runs when it becomes a run."""

    folder: Path

    @property
    def name(self) -> str:
        """The name of its run."""
        return self.folder.name

    def progress(self) -> Progress | None:
        """The progress written last, or None if there is none; see `recovery.progress_of`."""
        for folder in self._folders():
            with suppress(DamagedRun):
                return read_model(folder / "progress.json", Progress)
        return None

    def request(self) -> Request:
        """The request; the default one if it cannot be read."""
        document = self._read("request.json")
        if "config" not in document:  # earlier versions wrote settings and command to `config.json`
            old = self._read("config.json")
            environment = old.get("environment")
            command = old.get("command") or (environment.get("command") if isinstance(environment, dict) else "")
            document |= {"config": old.get("config"), "command": command}
        try:
            return Request.model_validate(document)
        except ValidationError:
            return Request()

    def config(self) -> TrainingConfig | None:
        """The settings, or None if they cannot be read."""
        try:
            return read_config(self.request().config)
        except InvalidConfig:
            return None

    def steps(self) -> list[dict[str, float]]:
        """The rows of `steps.csv` with `STEP_FIELDS`; empty before the first step."""
        for folder in self._folders():
            if rows := read_steps(folder):
                return rows
        return []

    # Neither creates the folder: the folder of a job that has become a run or was deleted must not come back.

    def write_progress(self, progress: Progress) -> None:
        """Replace `progress.json`, if the folder exists. Raises StorageError."""
        write_if_folder_exists(self.folder / "progress.json", progress.model_dump_json())

    def write_request(self, request: Request) -> None:
        """Replace `request.json`, if the folder exists. Raises StorageError."""
        write_if_folder_exists(self.folder / "request.json", request.model_dump_json(indent=1))

    def reserve_space(self) -> None:
        """Take the room that the reason needs if the disk is full when the training ends. Raises StorageError."""
        write_if_folder_exists(self.folder / _RESERVE, bytes(_RESERVED_BYTES))

    def release_space(self) -> None:
        """Give that room back."""
        with suppress(OSError):
            (self.folder / _RESERVE).unlink()

    def _folders(self) -> tuple[Path, Path]:
        return self.folder, paths.runs_folder() / self.name

    def _read(self, name: str) -> dict:
        for folder in self._folders():
            with suppress(DamagedRun):
                return read_json(folder / name)
        return {}


def working_jobs() -> list[Job]:
    """The working folders of this home: trainings in progress and those that ended without a run, newest first."""
    return [Job(folder) for folder in visible_folders(paths.working_folder())]


def visible_folders(parent: Path) -> list[Path]:
    """The folders in a folder, last name first; none if it cannot be listed. Hidden ones are being deleted."""
    try:
        return [path for path in sorted(parent.iterdir(), reverse=True) if path.is_dir() and path.name[0] != "."]
    except OSError:
        return []
