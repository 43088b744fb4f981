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

from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from digit_core.errors import ExportFailed
from digit_core.records import home
from digit_core.records.making import Making, asking, beside, digest_of, forget, lock_of, say, state_of
from digit_core.records.processes import start_apart
from digit_core.records.runs import Run, open_run
from digit_core.records.storage import make_folder, storage_errors, write_text

EXPORTER = "1"  # another number when exports made before should no longer count
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
        export = Export.model_validate_json(beside(path, ".json").read_bytes())
        whole = path.stat().st_size == export.size
    except (OSError, ValidationError):
        return None
    return export if whole and export.source == source_of(run) else None


def keep_export(run: Run, form: ExportFormat, made: Path, export: Export) -> None:
    """Move a finished file to its place, then say that it is there. Raises StorageError."""
    path = export_path(run, form)
    with storage_errors(path):
        beside(path, ".json").unlink(missing_ok=True)
        made.replace(path)
    write_text(beside(path, ".json"), export.model_dump_json(indent=1))


def source_of(run: Run) -> str:
    """A digest that changes with the run's model and with how exports are made. Raises DamagedRun."""
    return digest_of(run, _SOURCES, EXPORTER)


def export_lock(run: Run, form: ExportFormat) -> FileLock:
    """The lock that whoever makes this export holds. Raises StorageError if its folder cannot be made."""
    return lock_of(export_path(run, form))


def turn_lock() -> FileLock:
    """The lock that lets one export at a time work; each takes a core and a gigabyte of memory."""
    return FileLock(make_folder(home.exports_folder()) / ".lock", thread_local=False)


def start_export(run: Run, form: ExportFormat) -> None:
    """Have an export made in a process of its own, unless one is at it. Raises UnknownRun or StorageError."""
    with asking:
        open_run(run.name)  # somebody may have deleted it
        making = making_of(run, form)
        if making is None or not making.is_active:
            write_making(run, form, Making())
            start_apart(beside(export_path(run, form), ".log"), "export", run.name, form.name)


def making_of(run: Run, form: ExportFormat) -> Making | None:
    """How the making goes or why it failed; None when nobody has asked, or when it is done."""
    return state_of(export_path(run, form), "export")


def write_making(run: Run, form: ExportFormat, making: Making) -> None:
    """Say how the making goes. Raises StorageError."""
    say(export_path(run, form), making)


def forget_making(run: Run, form: ExportFormat) -> None:
    """Nothing is being made, or it is done. Raises StorageError."""
    forget(export_path(run, form))
