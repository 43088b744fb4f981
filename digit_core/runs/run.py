"""Run folders: one training and all it left.

A run is written in a working folder and moved to its place in one rename when it is whole
(see `digit_core.runs.publishing`), so whatever stands in the runs folder was complete once. What
was damaged since is listed as damaged and does not hide the others.
"""

import csv
import io
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from digit_core.errors import DamagedRun, DigitError, UnknownRun
from digit_core.runs.config import TrainingConfig, read_config
from digit_core.runs.json_files import file_stats, parse_model, read_json, read_small_file, unreadable
from digit_core.runs.predictions import Predictions, read_predictions
from digit_core.runs.schemas import Calibration, Environment, Metrics
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
DATA_FIGURES = ("samples", "worst_mistakes")  # they show the data set's images, which may have a licence of their own
HISTORY_FIELDS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds")
TRACKED_FIELDS = ("recall", "val_recall")  # in the history of a training that was told to watch them
_MOST_EPOCHS = 10_000  # in a history, more than a training can have
_LARGEST_MODEL = 2_000_000_000  # bytes
_LARGEST_FIGURE = 20_000_000  # bytes
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_TRAINED = re.compile(r"\d{8}-\d{6}-")  # how the name of a training's folder begins
_NAMES = "use letters, digits, dots, dashes and underscores, and not the name of the shipped run"


class Run:
    """A complete run folder. Every property that reads a file raises DamagedRun if it cannot."""

    def __init__(self, path: Path):
        self.path = path
        self.name = SHIPPED if path == paths.SHIPPED_RUN else path.name

    def __repr__(self) -> str:
        return f"Run({self.name!r})"

    @property
    def fingerprint(self) -> str:
        """Changes whenever a file of the run does: what a cache of anything made from the run keeps beside it."""
        return repr((str(self.path), _stamp(file_stats(self.path, REQUIRED))))

    @cached_property
    def _document(self) -> dict:
        return read_json(self.path / "config.json")

    @cached_property
    def config(self) -> TrainingConfig:
        """What the training was asked to do."""
        try:
            return read_config(self._document["config"])
        except (AttributeError, KeyError, TypeError, DigitError) as error:
            raise unreadable(self.path / "config.json", error) from None

    @cached_property
    def environment(self) -> Environment:
        """Versions, data digest, command and time of the training."""
        return parse_model(self.path / "config.json", Environment, self._document.get("environment"))

    @cached_property
    def metrics(self) -> Metrics:
        """What it reached on the test set."""
        return parse_model(self.path / "metrics.json", Metrics, read_json(self.path / "metrics.json"))

    @cached_property
    def calibration(self) -> Calibration:
        """Temperature and thresholds."""
        path = self.path / "calibration.json"
        return parse_model(path, Calibration, read_json(path))

    def history(self) -> list[dict[str, float]]:
        """A row an epoch with the fields of `HISTORY_FIELDS`, and those of `WATCHED_FIELDS` that were watched.

        Seconds count from the start.
        """
        path = self.path / "history.csv"
        try:
            rows = list(csv.DictReader(io.StringIO(read_small_file(path).decode("utf-8"), newline="")))
            names = [*HISTORY_FIELDS, *(name for name in TRACKED_FIELDS if rows and name in rows[0])]
            history = [{name: float(row[name]) for name in names} for row in rows]
        except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
            raise unreadable(path, error) from None
        if not history:
            raise DamagedRun(f"The run {self.name} has no epoch in its history.csv.")
        if len(history) > _MOST_EPOCHS or not all(
            math.isfinite(row[name]) for row in history for name in HISTORY_FIELDS
        ):
            raise DamagedRun(f"{display_path(path)} cannot be used: it holds other numbers than a training's.")
        return history

    def predictions(self) -> Predictions:
        """Calibrated probabilities and labels of the test set."""
        return read_predictions(self.path / "predictions.npz")

    def model_bytes(self) -> bytes:
        """The LiteRT model that reads."""
        path = self.path / "model.tflite"
        try:
            return read_small_file(path, _LARGEST_MODEL)
        except OSError as error:
            raise unreadable(path, error) from None

    def figures(self) -> dict[str, Path]:
        """The pictures of the run by name, as SVG files; without links, which may lead out of the folder."""
        folder = self.path / "figures"
        if folder.is_symlink():
            return {}
        return {path.stem: path for path in sorted(folder.glob("*.svg")) if path.is_file() and not path.is_symlink()}

    def figure(self, name: str, kind: Literal["png", "svg"]) -> bytes:
        """The file of one of `figures`."""
        path = self.path / "figures" / f"{name}.{kind}"
        try:
            return read_small_file(path, _LARGEST_FIGURE)
        except OSError as error:
            raise unreadable(path, error) from None

    def check(self) -> None:
        """Raise DamagedRun if a file is missing or a record cannot be read."""
        self._check(file_stats(self.path, REQUIRED))

    def _check(self, stats: Mapping[str, os.stat_result]) -> None:
        missing = [name for name in REQUIRED if name not in stats]
        if self.path != paths.SHIPPED_RUN and self.path.is_symlink():
            raise DamagedRun(f"The run {self.name} is a link to another folder; copy the folder itself to its place.")
        links = [name for name in missing if os.path.lexists(self.path / name)]
        if links:
            raise DamagedRun(f"In the run {self.name}, {', '.join(links)} is not a regular file.")
        if missing:
            raise DamagedRun(f"The run {self.name} lacks {', '.join(missing)}.")
        empty = [name for name in REQUIRED if stats[name].st_size == 0]
        if empty:
            raise DamagedRun(f"In the run {self.name}, {', '.join(empty)} is empty.")
        sizes = self._document.get("sizes", {})
        if not isinstance(sizes, dict) or not sizes.keys() <= stats.keys():
            path = display_path(self.path / "config.json")
            raise DamagedRun(f"{path} cannot be used: sizes are not those of the run's files.")
        for name, size in sizes.items():
            found = stats[name].st_size
            if found != size:
                raise DamagedRun(f"In the run {self.name}, {name} has {found} bytes and not {size}.")
        for record in ("config", "environment", "metrics", "calibration"):
            getattr(self, record)


@dataclass(frozen=True)
class Listing:
    """All runs: newest first, then those that people named, then the shipped one; and why others are damaged."""

    runs: tuple[Run, ...]
    damaged: dict[str, str]


def list_runs() -> Listing:
    """Every run on this machine. Never raises for a damaged run."""
    folder = paths.runs_folder()
    try:
        found = [Path(entry) for entry in os.scandir(folder) if _is_run_folder(entry)]
        found.sort(key=lambda path: (names_a_training(path.name), path.name), reverse=True)
    except OSError:
        found = []
    runs, damaged = [], {}
    for path in [*found, paths.SHIPPED_RUN]:
        try:
            if path.parent == folder and (path.name == SHIPPED or not _NAME.fullmatch(path.name)):
                raise DamagedRun(f"The folder {path.name} has a name that no run can have; {_NAMES}.")
            runs.append(_checked(path))
        except DamagedRun as error:
            damaged[path.name] = str(error)
    for path in list(_CHECKED):
        if path.parent == folder and path not in found:
            _CHECKED.pop(path, None)
    return Listing(tuple(runs), damaged)


def open_run(name: str) -> Run:
    """The run of that name, checked. Raises UnknownRun or DamagedRun."""
    return _checked(run_path(name))


def names_a_training(name: str) -> bool:
    """Whether it begins with a moment, as a training's folder does; a person may have named it otherwise."""
    return _TRAINED.match(name) is not None


def run_path(name: str) -> Path:
    """The folder of that run, damaged or not. Raises UnknownRun."""
    if name == SHIPPED:
        path = paths.SHIPPED_RUN
    elif _NAME.fullmatch(name):  # also keeps `../elsewhere` from being read
        path = paths.runs_folder() / name
    else:
        raise UnknownRun(f"{name!r} is no run's name.")
    if not path.is_dir():
        raise UnknownRun(f"There is no run named {name!r}; it may have been deleted.")
    return path


_Stamp = tuple[tuple[str, int, int, int, int], ...]
# What `check` said of a folder, and of which state of its files; opening every record of every
# run each time that a page is drawn would take longer than drawing it.
_CHECKED: dict[Path, tuple[_Stamp, Run | str]] = {}


def _checked(path: Path) -> Run:
    """The run in that folder; its records are read again only when a file has changed. Raises DamagedRun."""
    stats = file_stats(path, REQUIRED)
    stamp = _stamp(stats)
    known, found = _CHECKED.get(path, (None, None))
    if stamp != known:
        found = Run(path)
        try:
            found._check(stats)
        except DamagedRun as error:
            found = str(error)
        _CHECKED[path] = stamp, found
    if isinstance(found, str):
        raise DamagedRun(found)
    return found


def _stamp(stats: Mapping[str, os.stat_result]) -> _Stamp:
    return tuple((name, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for name, s in stats.items())


def _is_run_folder(entry: os.DirEntry) -> bool:
    return not entry.name.startswith(".") and entry.is_dir()  # a folder with a dot is being deleted
