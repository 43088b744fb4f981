"""Run folders: one training and all it left.

A run is written in a working folder and moved to its place in one rename when it is whole,
so whatever stands in the runs folder was complete once. What was damaged since is listed as
damaged and does not hide the others.
"""

import csv
import json
import re
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from digit_core.errors import DamagedRun, DigitError, UnknownRun
from digit_core.records import home
from digit_core.records.config import TrainingConfig, parse_config
from digit_core.records.results import Calibration, Environment, Metrics
from digit_core.records.storage import make_folder, storage_errors, write_text

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
WATCHED_FIELDS = ("recall", "val_recall")  # in the history of a training that was told to watch them
BACKUP = "backup"  # in a working folder: what a training that is stopped goes on from
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_Record = TypeVar("_Record", bound=BaseModel)


@dataclass(frozen=True)
class TestPredictions:
    """What a run said of each test image: `probabilities` float32 (n, 10), `labels` int64 (n,)."""

    probabilities: np.ndarray
    labels: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """The digit read, int64 (n,)."""
        return self.probabilities.argmax(1)


class Run:
    """A complete run folder. Every property that reads a file raises DamagedRun if it cannot."""

    def __init__(self, path: Path):
        self.path = path
        self.name = SHIPPED if path == home.SHIPPED_RUN else path.name

    def __repr__(self) -> str:
        return f"Run({self.name!r})"

    @cached_property
    def _document(self) -> dict:
        return _read_json(self.path / "config.json")

    @cached_property
    def config(self) -> TrainingConfig:
        """What the training was asked to do."""
        try:
            return parse_config(self._document["config"])
        except (KeyError, TypeError, DigitError) as error:
            raise _damaged(self.path / "config.json", error) from None

    @cached_property
    def environment(self) -> Environment:
        """Versions, data digest, command and time of the training."""
        return _parse(self.path / "config.json", Environment, self._document.get("environment"))

    @cached_property
    def metrics(self) -> Metrics:
        """What it reached on the test set."""
        return _parse(self.path / "metrics.json", Metrics, _read_json(self.path / "metrics.json"))

    @cached_property
    def calibration(self) -> Calibration:
        """Temperature and thresholds."""
        path = self.path / "calibration.json"
        return _parse(path, Calibration, _read_json(path))

    def history(self) -> list[dict[str, float]]:
        """A row an epoch with the fields of `HISTORY_FIELDS`, and those of `WATCHED_FIELDS` that were watched.

        Seconds count from the start.
        """
        path = self.path / "history.csv"
        try:
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            names = [*HISTORY_FIELDS, *(name for name in WATCHED_FIELDS if rows and name in rows[0])]
            return [{name: float(row[name]) for name in names} for row in rows]
        except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
            raise _damaged(path, error) from None

    def predictions(self) -> TestPredictions:
        """Calibrated probabilities and labels of the test set."""
        path = self.path / "predictions.npz"
        try:
            with np.load(path, allow_pickle=False) as file:
                probabilities = file["probabilities"].astype(np.float32)
                labels = file["labels"].astype(np.int64)
        except Exception as error:  # noqa: BLE001 zipfile, zlib and NumPy each raise their own for a damaged archive
            raise _damaged(path, error) from None
        if probabilities.shape != (len(labels), 10):
            raise DamagedRun(f"{path} holds probabilities of shape {probabilities.shape}, not (n, 10).")
        return TestPredictions(probabilities, labels)

    def model_bytes(self) -> bytes:
        """The LiteRT model that reads."""
        path = self.path / "model.tflite"
        try:
            return path.read_bytes()
        except OSError as error:
            raise _damaged(path, error) from None

    def figures(self) -> dict[str, Path]:
        """The pictures of the run by name, as SVG files."""
        return {path.stem: path for path in sorted((self.path / "figures").glob("*.svg"))}

    def check(self) -> None:
        """Raise DamagedRun if a file is missing or a record cannot be read."""
        missing = [name for name in REQUIRED if not (self.path / name).is_file()]
        if missing:
            raise DamagedRun(f"The run {self.name} lacks {', '.join(missing)}.")
        empty = [name for name in REQUIRED if (self.path / name).stat().st_size == 0]
        if empty:
            raise DamagedRun(f"In the run {self.name}, {', '.join(empty)} is empty.")
        for name, size in self._document.get("sizes", {}).items():
            found = (self.path / name).stat().st_size
            if found != size:
                raise DamagedRun(f"In the run {self.name}, {name} has {found:,} bytes and not {size:,}.")
        for record in ("config", "environment", "metrics", "calibration"):
            getattr(self, record)


@dataclass(frozen=True)
class Listing:
    """All runs, newest first and the shipped one last, and what is damaged with the reason."""

    runs: tuple[Run, ...]
    damaged: dict[str, str]


def list_runs() -> Listing:
    """Every run on this machine. Never raises for a damaged run."""
    folder = home.runs_folder()
    try:
        found = sorted((entry for entry in folder.iterdir() if entry.is_dir()), reverse=True)
    except OSError:
        found = []
    runs, damaged = [], {}
    for path in [*found, home.SHIPPED_RUN]:
        run = Run(path)
        try:
            run.check()
        except (DamagedRun, OSError) as error:
            damaged[run.name] = str(error)
        else:
            runs.append(run)
    return Listing(tuple(runs), damaged)


def open_run(name: str) -> Run:
    """The run of that name, checked. Raises UnknownRun or DamagedRun."""
    if name == SHIPPED:
        path = home.SHIPPED_RUN
    elif _NAME.fullmatch(name):  # also keeps `../elsewhere` from being read
        path = home.runs_folder() / name
    else:
        raise UnknownRun(f"{name!r} is no run's name.")
    if not path.is_dir():
        raise UnknownRun(f"There is no run named {name!r}; it may have been deleted.")
    run = Run(path)
    run.check()
    return run


def seal(folder: Path) -> None:
    """Note the sizes of the binary files in `config.json`, so that a truncated one is noticed. Raises StorageError."""
    document = _read_json(folder / "config.json")
    document["sizes"] = {name: (folder / name).stat().st_size for name in BINARY}
    write_text(folder / "config.json", json.dumps(document, indent=1))


def move_into_place(working: Path) -> Run:
    """Make a complete working folder a run, in one rename. Raises DamagedRun or StorageError."""
    seal(working)
    Run(working).check()
    target = make_folder(home.runs_folder()) / working.name
    with storage_errors(target):
        working.rename(target)
    return Run(target)


def backup_epoch(folder: Path) -> int:
    """After how many whole epochs the training of a working folder can go on; 0 if it cannot."""
    try:
        kept = json.loads((folder / BACKUP / "training_metadata.json").read_text(encoding="utf-8"))
        return int(kept["epoch"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def forget_backup(folder: Path) -> None:
    """A training is done: what it would have gone on from is of no use any more."""
    shutil.rmtree(folder / BACKUP, ignore_errors=True)


def remove_folder(path: Path) -> None:
    """Delete a folder; it leaves the listing in one step before its files go. Raises StorageError."""
    with storage_errors(path):
        doomed = path.with_name(f".{path.name}.deleted")
        path.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def _read_json(path: Path) -> dict:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from None
    if not isinstance(document, dict):
        raise DamagedRun(f"{path} does not hold a JSON object.")
    return document


def _parse(path: Path, record: type[_Record], values: object) -> _Record:
    try:
        return record.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DamagedRun(f"{path} cannot be used: {where}: {first['msg']}.") from None


def _damaged(path: Path, error: Exception) -> DamagedRun:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return DamagedRun(f"{path} cannot be read: {reason}.")
