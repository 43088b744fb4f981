"""The background tasks for a run, and the files they write: exports, robustness, features.

Each result is stored outside of the run, which is never written to, with a digest of the model it
was made from; once the model or the version here changes, the result no longer counts.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from digit_core.errors import DamagedRun, ExportFailed
from digit_core.jobs.background_task import BackgroundTask, sidecar_path
from digit_core.jobs.processes import room_command
from digit_core.runs.json_files import read_file
from digit_core.runs.run import Run
from digit_core.runs.schemas import Count, Share
from digit_core.storage import paths
from digit_core.storage.files import storage_errors, write_text

_EXPORT_VERSION = "2"  # change it to invalidate existing exports
_ROBUSTNESS_VERSION = "1"  # change it to invalidate existing measurements


@dataclass(frozen=True)
class ExportFormat:
    """A format to which a run's model can be exported; `ending` follows the run's name in the file's name."""

    name: str
    title: str
    ending: str
    description: str


_FORMATS = (
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
FORMATS: dict[str, ExportFormat] = {form.name: form for form in _FORMATS}


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Export(_Record):
    """An exported file and how it agrees with its run on some test images.

    `size` is in bytes; `source` identifies the model. `agreement` is the share of the images (0 to 1)
    for which file and run predict the same digit, `logit_difference` the largest between any of their
    logits; `accuracy` is the file's and `run_accuracy` the run's on these images.
    """

    run: str
    format: str
    size: Count
    source: str
    images: Count
    agreement: Share
    logit_difference: float
    accuracy: Share
    run_accuracy: Share
    seconds: float


class Point(_Record):
    """Of the images distorted by `strength`, `right` were predicted correctly."""

    strength: float = Field(allow_inf_nan=False)
    right: Count


class Robustness(_Record):
    """Correct predictions for `images` test images: for each distortion by name, points with rising strength.

    `source` identifies the model; `seconds` is how long the measurement took.
    """

    run: str
    source: str
    images: Count = Field(ge=1)
    seconds: float
    curves: dict[str, Annotated[list[Point], Field(min_length=1)]] = Field(min_length=1)

    @model_validator(mode="after")
    def _no_more_right_than_images(self) -> "Robustness":
        if any(point.right > self.images for points in self.curves.values() for point in points):
            raise ValueError("more images are right than there are")
        return self


def export_format(name: str) -> ExportFormat:
    """The format of that name. Raises ExportFailed."""
    if name not in FORMATS:
        raise ExportFailed(f"There is no format {name!r}; choose one of {', '.join(FORMATS)}.")
    return FORMATS[name]


def export_path(run: Run, form: ExportFormat) -> Path:
    """The file of a run's export, which need not exist yet; its `Export` is beside it, as FILE.json."""
    return paths.exports_folder() / run.name / f"{run.name}{form.ending}"


def export_source(run: Run) -> str:
    """A digest that changes with the run's model and with the exporter. Raises DamagedRun."""
    return run.content_digest(("model.keras", "model.tflite", "predictions.npz"), _EXPORT_VERSION)


def load_export(run: Run, form: ExportFormat) -> Export | None:
    """The export of the run's present model, or None. Raises DamagedRun."""
    path = export_path(run, form)
    try:
        export = Export.model_validate_json(read_file(sidecar_path(path, ".json")))
        is_complete = path.stat().st_size == export.size
    except (DamagedRun, OSError, ValidationError):
        return None
    return export if is_complete and export.source == export_source(run) else None


def save_export(run: Run, form: ExportFormat, exported_file: Path, export: Export) -> None:
    """Move an exported file to `export_path`, then record it. Raises StorageError."""
    path = export_path(run, form)
    with storage_errors(path):
        sidecar_path(path, ".json").unlink(missing_ok=True)
        exported_file.replace(path)
    write_text(sidecar_path(path, ".json"), export.model_dump_json(indent=1))


def robustness_path(run: Run) -> Path:
    """The file of a run's robustness, which need not exist yet."""
    return paths.robustness_folder() / f"{run.name}.json"


def robustness_source(run: Run) -> str:
    """A digest that changes with the run's model and with the measurement. Raises DamagedRun."""
    return run.content_digest(("model.tflite", "predictions.npz"), _ROBUSTNESS_VERSION)


def load_robustness(run: Run) -> Robustness | None:
    """The robustness of the run's present model, or None. Raises DamagedRun."""
    try:
        robustness = Robustness.model_validate_json(read_file(robustness_path(run)))
    except (DamagedRun, ValidationError):
        return None
    return robustness if robustness.source == robustness_source(run) else None


def save_robustness(run: Run, robustness: Robustness) -> None:
    """Write a run's robustness in one step. Raises StorageError."""
    write_text(robustness_path(run), robustness.model_dump_json(indent=1))


def export_task(run: Run, form: ExportFormat) -> BackgroundTask:
    """The task that exports a run in a format."""
    command = room_command("training", "export", run.name, form.name)
    return BackgroundTask(export_path(run, form), "export", command, limit=15 * 60)


def robustness_task(run: Run) -> BackgroundTask:
    """The task that measures a run's robustness."""
    return BackgroundTask(robustness_path(run), "measurement", room_command("evaluation", "robustness", run.name))


def features_task(run: Run, data_digest: str) -> BackgroundTask:
    """The task that computes the features of all training images of the data set with that digest."""
    command = room_command("evaluation", "features", run.name, data_digest)
    return BackgroundTask(paths.features_folder() / run.name, "computation of the features", command)
