"""Exports: a run's model in another format, made in a process of its own, checked, and kept.

The folder of a run's exports holds for each format

    RUN.onnx                 the file
    RUN.onnx.json            how well it agrees with its run; written last, so what it names is whole
    RUN.onnx.progress.json   how the making goes, gone when it is done
    RUN.onnx.log             what the process that made it had to say
    RUN.onnx.lock            held by that process while it lives

"Is it being made?" is answered by the lock, which the operating system releases however the
process ends. A run is never written to. An export of a model that has changed since, as the
shipped one does with a new version, no longer counts and is made again.
"""

import hashlib
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from digit_core.errors import DamagedRun, ExportFailed
from digit_core.records import home
from digit_core.records.processes import start_apart
from digit_core.records.runs import Run
from digit_core.records.storage import make_folder, storage_errors, write_text

EXPORTER = "1"  # another number when exports made before should no longer count
_STARTING_SECONDS = 60  # how long a process may take from being asked for to holding the lock
_SOURCES = ("model.keras", "model.tflite", "predictions.npz")


@dataclass(frozen=True)
class ExportFormat:
    """A format that a run's model can be had in; `ending` comes after the run's name."""

    name: str
    title: str
    ending: str
    description: str


_ALL = (
    ExportFormat("keras", "Keras", ".keras", "To go on training, with Keras 3."),
    ExportFormat("tflite", "LiteRT, float", ".tflite", "For phones and small computers. It is what reads here."),
    ExportFormat(
        "tflite-int8",
        "LiteRT, int8",
        "-int8.tflite",
        "Whole numbers throughout, for microcontrollers; a pixel goes in as its value less 128.",
    ),
    ExportFormat("onnx", "ONNX", ".onnx", "For ONNX Runtime and whatever else reads ONNX."),
)
FORMATS: dict[str, ExportFormat] = {form.name: form for form in _ALL}


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Export(_Record):
    """An exported file and how it agrees with its run on some test images.

    `size` is in bytes; `source` identifies what it was made of. `same_readings` is the share of
    the images (0 to 1) that file and run read as the same digit, `logit_difference` the largest
    between any of their logits; `accuracy` is the file's and `run_accuracy` the run's on these images.
    """

    run: str
    format: str
    size: int
    source: str
    images: int
    same_readings: float
    logit_difference: float
    accuracy: float
    run_accuracy: float
    seconds: float


class Making(_Record):
    """Where the making of an export stands; `updated` in Unix seconds."""

    state: Literal["waiting", "making", "failed"] = "waiting"
    message: str = "Starting"
    updated: float = Field(default_factory=time.time)


def export_format(name: str) -> ExportFormat:
    """The format of that name. Raises ExportFailed."""
    if name not in FORMATS:
        raise ExportFailed(f"There is no format {name!r}; choose one of {', '.join(FORMATS)}.")
    return FORMATS[name]


def export_path(run: Run, form: ExportFormat) -> Path:
    """Where a run's export in a format is kept; the file need not exist yet."""
    return home.exports_folder() / run.name / f"{run.name}{form.ending}"


def kept_export(run: Run, form: ExportFormat) -> Export | None:
    """The export if it was made of the model that the run has now, else None. Raises DamagedRun."""
    path = export_path(run, form)
    try:
        export = Export.model_validate_json(_beside(path, ".json").read_bytes())
        whole = path.stat().st_size == export.size
    except (OSError, ValidationError):
        return None
    return export if whole and export.source == source_of(run) else None


def keep_export(run: Run, form: ExportFormat, made: Path, export: Export) -> None:
    """Move a finished file to its place, then say that it is there. Raises StorageError."""
    path = export_path(run, form)
    with storage_errors(path):
        _beside(path, ".json").unlink(missing_ok=True)
        made.replace(path)
    write_text(_beside(path, ".json"), export.model_dump_json(indent=1))


def source_of(run: Run) -> str:
    """A digest that changes with the run's model and with how exports are made. Raises DamagedRun."""
    try:
        stats = [(run.path / name).stat() for name in _SOURCES]
        return _digest(run.path, tuple((stat.st_size, stat.st_mtime_ns) for stat in stats))
    except OSError as error:
        raise DamagedRun(f"A file of the run {run.name} cannot be read: {error.strerror}.") from None


def export_lock(run: Run, form: ExportFormat) -> FileLock:
    """The lock that whoever makes this export holds. Raises StorageError if its folder cannot be made."""
    path = export_path(run, form)
    make_folder(path.parent)
    return FileLock(_beside(path, ".lock"), thread_local=False)


def turn_lock() -> FileLock:
    """The lock that lets one export at a time work; each takes a core and a gigabyte of memory."""
    return FileLock(make_folder(home.exports_folder()) / ".lock", thread_local=False)


def start_export(run: Run, form: ExportFormat) -> None:
    """Have an export made in a process of its own, unless one is at it. Raises StorageError."""
    making = making_of(run, form)
    if making is not None and making.state != "failed":
        return
    write_making(run, form, Making())
    start_apart(_beside(export_path(run, form), ".log"), "export", run.name, form.name)


def making_of(run: Run, form: ExportFormat) -> Making | None:
    """How the making goes or why it failed; None when nobody has asked, or when it is done."""
    making = _written(run, form)
    if making is None or making.state == "failed":
        return making
    if making.state == "waiting" and time.time() - making.updated < _STARTING_SECONDS:
        return making
    if _is_held(export_path(run, form)):
        return making
    making = _written(run, form)  # it may have ended in the meantime
    if making is None or making.state == "failed":
        return making
    return Making(state="failed", message="The export was stopped from outside before it was done. Try again.")


def write_making(run: Run, form: ExportFormat, making: Making) -> None:
    """Say how the making goes. Raises StorageError."""
    write_text(_beside(export_path(run, form), ".progress.json"), making.model_dump_json())


def forget_making(run: Run, form: ExportFormat) -> None:
    """Nothing is being made, or it is done. Raises StorageError."""
    path = _beside(export_path(run, form), ".progress.json")
    with storage_errors(path):
        path.unlink(missing_ok=True)


def _written(run: Run, form: ExportFormat) -> Making | None:
    try:
        return Making.model_validate_json(_beside(export_path(run, form), ".progress.json").read_bytes())
    except (OSError, ValidationError):
        return None


def _is_held(path: Path) -> bool:
    lock = FileLock(_beside(path, ".lock"), thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


@lru_cache(maxsize=64)
def _digest(folder: Path, _changed: tuple) -> str:
    digest = hashlib.sha256(EXPORTER.encode())
    for name in _SOURCES:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
