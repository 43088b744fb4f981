"""Exports: a run's model in another format, made by a background task, checked, and kept.

The folder of a run's exports holds for each format

    RUN.onnx        the file
    RUN.onnx.json   how well it agrees with its run; written last, so what it names is whole

and what `digit_core.jobs.background_task` keeps beside it. A run is never written to. An export
of a model that has changed since, as the shipped one does with a new version, no longer counts and
is made again.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from digit_core.errors import ExportFailed
from digit_core.jobs.background_task import BackgroundTask, sidecar_path
from digit_core.jobs.processes import room_command
from digit_core.runs.fingerprints import fingerprint
from digit_core.runs.run import Run
from digit_core.storage import paths
from digit_core.storage.files import storage_errors, write_text

EXPORTER = "2"  # another number when exports made before should no longer count
_SOURCES = ("model.keras", "model.tflite", "predictions.npz")


@dataclass(frozen=True)
class ExportFormat:
    """A format to which a run's model can be exported; `ending` comes after the run's name."""

    name: str
    title: str
    ending: str
    description: str


_ALL = (
    ExportFormat("keras", "Keras", ".keras", "To train further, with Keras 3."),
    ExportFormat("tflite", "LiteRT, float", ".tflite", "For phones and small computers. This app predicts with it."),
    ExportFormat(
        "tflite-int8",
        "LiteRT, int8",
        "-int8.tflite",
        "Integers throughout, for microcontrollers; input: pixel value (0 to 255) minus 128.",
    ),
    ExportFormat("onnx", "ONNX", ".onnx", "For ONNX Runtime and other programs that load ONNX."),
)
FORMATS: dict[str, ExportFormat] = {form.name: form for form in _ALL}


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Export(_Record):
    """An exported file and how it agrees with its run on some test images.

    `size` is in bytes; `source` identifies what it was made of. `agreement` is the share of the
    images (0 to 1) for which file and run predict the same digit, `logit_difference` the largest
    between any of their logits; `accuracy` is the file's and `run_accuracy` the run's on these images.
    """

    run: str
    format: str
    size: int
    source: str
    images: int
    agreement: float
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
    return paths.exports_folder() / run.name / f"{run.name}{form.ending}"


def kept_export(run: Run, form: ExportFormat) -> Export | None:
    """The export if it was made of the model that the run has now, else None. Raises DamagedRun."""
    path = export_path(run, form)
    try:
        export = Export.model_validate_json(sidecar_path(path, ".json").read_bytes())
        whole = path.stat().st_size == export.size
    except (OSError, ValidationError):
        return None
    return export if whole and export.source == source_of(run) else None


def keep_export(run: Run, form: ExportFormat, made: Path, export: Export) -> None:
    """Move a finished file to its place, then say that it is there. Raises StorageError."""
    path = export_path(run, form)
    with storage_errors(path):
        sidecar_path(path, ".json").unlink(missing_ok=True)
        made.replace(path)
    write_text(sidecar_path(path, ".json"), export.model_dump_json(indent=1))


def source_of(run: Run) -> str:
    """A digest that changes with the run's model and with how exports are made. Raises DamagedRun."""
    return fingerprint(run, _SOURCES, EXPORTER)


def export_task(run: Run, form: ExportFormat) -> BackgroundTask:
    """The background task that exports a run in a format."""
    command = room_command("training", "export", run.name, form.name)
    return BackgroundTask(export_path(run, form), "export", command, limit=15 * 60)
