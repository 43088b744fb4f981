"""How accurate a run is on distorted test images: measured by a background task, and kept.

The measurement of a run lies in `robustness/RUN.json` under `DIGITS_HOME`, for a run is never
written to; one of a model that has changed since no longer counts. All runs are measured on the
same images, so that they can be compared.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from digit_core.jobs.background_task import BackgroundTask
from digit_core.jobs.processes import room_command
from digit_core.runs.fingerprints import fingerprint
from digit_core.runs.run import Run
from digit_core.storage import paths
from digit_core.storage.files import write_text

VERSION = "1"  # another number when measurements made before should no longer count
_SOURCES = ("model.tflite", "predictions.npz")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Point(_Record):
    """Of the images distorted by `strength`, the digit of `right` was predicted correctly."""

    strength: float
    right: int


class Robustness(_Record):
    """Correct predictions for `images` test images: by the name of each distortion, points with rising strength.

    `source` identifies the model; `seconds` is how long the measurement took.
    """

    run: str
    source: str
    images: int
    seconds: float
    curves: dict[str, list[Point]]


def robustness_path(run: Run) -> Path:
    """Where a run's measurement is kept; the file need not exist yet."""
    return paths.robustness_folder() / f"{run.name}.json"


def kept_robustness(run: Run) -> Robustness | None:
    """The measurement if it is of the model that the run has now, else None. Raises DamagedRun."""
    try:
        kept = Robustness.model_validate_json(robustness_path(run).read_bytes())
    except (OSError, ValidationError):
        return None
    return kept if kept.source == source_of(run) else None


def keep_robustness(run: Run, measured: Robustness) -> None:
    """Put a measurement in its place, in one step. Raises StorageError."""
    write_text(robustness_path(run), measured.model_dump_json(indent=1))


def source_of(run: Run) -> str:
    """A digest that changes with the run's model and with how it is measured. Raises DamagedRun."""
    return fingerprint(run, _SOURCES, VERSION)


def robustness_task(run: Run) -> BackgroundTask:
    """The background task that measures a run."""
    return BackgroundTask(robustness_path(run), "measurement", room_command("evaluation", "robustness", run.name))
