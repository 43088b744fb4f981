"""Run folders: the results of one training each.

A run is written in a working folder and moved to the runs folder in one rename when it is complete
(see `digit_core.runs.publishing`). One that was damaged since is listed as damaged, beside the others.
"""

import csv
import hashlib
import io
import math
import os
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from digit_core.errors import DamagedRun, InvalidConfig, UnknownRun
from digit_core.runs.config import TrainingConfig, read_config
from digit_core.runs.json_files import file_stats, read_file, read_json, read_model, unreadable
from digit_core.runs.predictions import Predictions, read_predictions
from digit_core.runs.run_names import is_run_name
from digit_core.runs.schemas import Adaptation, Calibration, Environment, Metrics
from digit_core.runs.steps import read_steps
from digit_core.storage import paths
from digit_core.storage.paths import display_path

SHIPPED = "shipped"
REQUIRED = (
    "config.json",
    "history.csv",
    "model.keras",
    "model.tflite",
    "calibration.json",
    "predictions.npz",
    "metrics.json",
)
BINARY = ("model.keras", "model.tflite", "predictions.npz")
DATA_FIGURES = ("samples", "worst_mistakes")  # they show images of the data set, which has its own licence
HISTORY_FIELDS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds")
TRACKED_FIELDS = ("recall", "val_recall")  # in the history of a training that tracks recall
_MAX_EPOCHS = 10_000  # in a history; a training cannot have as many
_MAX_MODEL_BYTES = 2_000_000_000
_MAX_FIGURE_BYTES = 20_000_000
_TRAINING_NAME = re.compile(r"\d{8}-\d{6}-")  # the beginning of the name of a training's folder


class Run:
    """A complete run folder. Every property that reads a file raises DamagedRun if it cannot."""

    def __init__(self, path: Path):
        self.path = path
        self.name = SHIPPED if path == paths.SHIPPED_RUN else path.name

    def __repr__(self) -> str:
        return f"Run({self.name!r})"

    @property
    def fingerprint(self) -> str:
        """Changes whenever a file of the run does; the key of every cache of something computed from the run."""
        return repr((str(self.path), _stamp(self.path)))

    def content_digest(self, names: tuple[str, ...], version: str) -> str:
        """A digest of the content of these files and of `version`, for what is stored beside the run.

        Unlike `fingerprint` it survives a copy of the run and a new checkout. Raises DamagedRun.
        """
        return _content_digest(self.path, names, version, self.fingerprint)

    @cached_property
    def _document(self) -> dict:
        return read_json(self.path / "config.json")

    @cached_property
    def config(self) -> TrainingConfig:
        """The settings of the training."""
        try:
            return read_config(self._document.get("config"))
        except InvalidConfig as error:
            raise unreadable(self.path / "config.json", error) from None

    @cached_property
    def environment(self) -> Environment:
        """Versions, data digest, command and time of the training."""
        return read_model(self.path / "config.json", Environment, "environment")

    @cached_property
    def metrics(self) -> Metrics:
        """The results on the test set."""
        return read_model(self.path / "metrics.json", Metrics)

    @cached_property
    def calibration(self) -> Calibration:
        """Temperature and thresholds."""
        return read_model(self.path / "calibration.json", Calibration)

    def adaptation(self) -> Adaptation | None:
        """The comparison with the run that it was fine-tuned from; None for any other run."""
        return read_model(self.path / "adaptation.json", Adaptation) if self.config.drawings else None

    def history(self) -> list[dict[str, float]]:
        """One row per epoch with `HISTORY_FIELDS`, and with `TRACKED_FIELDS` if they were tracked.

        Seconds count from the start of the training.
        """
        path = self.path / "history.csv"
        try:
            rows = list(csv.DictReader(io.StringIO(read_file(path).decode("utf-8"), newline="")))
            names = [*HISTORY_FIELDS, *(name for name in TRACKED_FIELDS if rows and name in rows[0])]
            history = [{name: float(row[name]) for name in names} for row in rows]
        except (ValueError, TypeError, KeyError, csv.Error) as error:
            raise unreadable(path, error) from None
        if not history:
            raise DamagedRun(f"The run {self.name} has no epoch in its history.csv.")
        are_finite = all(math.isfinite(row[name]) for row in history for name in HISTORY_FIELDS)
        if len(history) > _MAX_EPOCHS or not are_finite:
            raise DamagedRun(f"{display_path(path)} cannot be used: its numbers are not those of a training.")
        return history

    def steps(self) -> list[dict[str, float]]:
        """The rows of `steps.csv` (see `digit_core.runs.steps`); empty for a run without it, as of earlier versions."""
        return read_steps(self.path)

    def predictions(self) -> Predictions:
        """Probabilities and labels of the test set."""
        return read_predictions(self.path / "predictions.npz")

    def model_bytes(self) -> bytes:
        """The LiteRT model."""
        return read_file(self.path / "model.tflite", _MAX_MODEL_BYTES)

    def figures(self) -> dict[str, Path]:
        """The SVG figures by name; without links, which may lead out of the folder."""
        folder = self.path / "figures"
        if folder.is_symlink():
            return {}
        return {path.stem: path for path in sorted(folder.glob("*.svg")) if path.is_file() and not path.is_symlink()}

    def figure(self, name: str, kind: Literal["png", "svg"]) -> bytes:
        """The file of one of `figures`."""
        return read_file(self.path / "figures" / f"{name}.{kind}", _MAX_FIGURE_BYTES)

    def check(self) -> None:
        """Raise DamagedRun if a file is missing or damaged."""
        stats = file_stats(self.path, REQUIRED)
        missing = [name for name in REQUIRED if name not in stats]
        if self.path != paths.SHIPPED_RUN and self.path.is_symlink():
            raise DamagedRun(f"The run {self.name} is a link to another folder; copy the folder itself to its place.")
        if links := [name for name in missing if os.path.lexists(self.path / name)]:
            raise DamagedRun(f"In the run {self.name}, {', '.join(links)} is not a regular file.")
        if missing:
            raise DamagedRun(f"The run {self.name} lacks {', '.join(missing)}.")
        if empty := [name for name in REQUIRED if stats[name].st_size == 0]:
            raise DamagedRun(f"In the run {self.name}, {', '.join(empty)} is empty.")
        sizes = self._document.get("sizes", {})
        if not isinstance(sizes, dict) or not sizes.keys() <= stats.keys():
            path = display_path(self.path / "config.json")
            raise DamagedRun(f"{path} cannot be used: sizes are not those of the run's files.")
        for name, size in sizes.items():
            if stats[name].st_size != size:
                raise DamagedRun(f"In the run {self.name}, {name} has {stats[name].st_size} bytes, not {size}.")
        for record in ("config", "environment", "metrics", "calibration"):
            getattr(self, record)


@dataclass(frozen=True)
class Listing:
    """All usable runs, newest first, then renamed ones, the shipped one last; and the damaged ones with the reason."""

    runs: tuple[Run, ...]
    damaged: dict[str, str]


def list_runs() -> Listing:
    """Every run on this machine. Never raises for a damaged run."""
    folder = paths.runs_folder()
    try:
        # A folder whose name begins with a dot is being deleted.
        found = [Path(entry) for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith(".")]
        found.sort(key=lambda path: (is_training_name(path.name), path.name), reverse=True)
    except OSError:
        found = []
    runs, damaged = [], {}
    for path in [*found, paths.SHIPPED_RUN]:
        try:
            if path.parent == folder and (path.name == SHIPPED or not is_run_name(path.name)):
                raise DamagedRun(
                    f"The folder {path.name} has a name that no run can have; use letters, digits, dots, dashes "
                    "and underscores, and not the name of the shipped run."
                )
            runs.append(_checked(path))
        except DamagedRun as error:
            damaged[path.name] = str(error)
    return Listing(tuple(runs), damaged)


def open_run(name: str) -> Run:
    """The run of that name, checked. Raises UnknownRun or DamagedRun."""
    return _checked(run_path(name))


def is_training_name(name: str) -> bool:
    """Whether it begins with a date and a time, as the folder of a training does unless it was renamed."""
    return _TRAINING_NAME.match(name) is not None


def run_path(name: str) -> Path:
    """The folder of a run, damaged or not. Raises UnknownRun."""
    if name == SHIPPED:
        path = paths.SHIPPED_RUN
    elif is_run_name(name):  # which also rejects `../elsewhere`
        path = paths.runs_folder() / name
    else:
        raise UnknownRun(f"{name!r} cannot be the name of a run.")
    if not path.is_dir():
        raise UnknownRun(f"There is no run named {name!r}; it may have been deleted.")
    return path


def _checked(path: Path) -> Run:
    """The run in that folder. Raises DamagedRun."""
    found = _parsed(path, _stamp(path))
    if isinstance(found, str):
        raise DamagedRun(found)
    return found


@lru_cache(maxsize=4096)  # parsing every file of every run each time that a page is drawn would take too long
def _parsed(path: Path, _stamp: tuple) -> Run | str:
    """The run in that folder, or why it is damaged."""
    run = Run(path)
    try:
        run.check()
    except DamagedRun as error:
        return str(error)
    return run


def _stamp(path: Path) -> tuple[tuple[str, int, int, int, int], ...]:
    """Changes with every file of a run."""
    stats = file_stats(path, REQUIRED).items()
    return tuple((name, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for name, s in stats)


@lru_cache(maxsize=64)
def _content_digest(folder: Path, names: tuple[str, ...], version: str, _fingerprint: str) -> str:
    digest = hashlib.sha256(version.encode())
    for name in names:
        digest.update(read_file(folder / name, _MAX_MODEL_BYTES))
    return digest.hexdigest()
