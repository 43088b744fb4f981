"""How well a run reads changed test images: measured in a process of its own, and kept.

The measurement of a run lies in `robustness/RUN.json` under `DIGITS_HOME`, for a run is never
written to; one of a model that has changed since no longer counts. What runs say of the same
images can be compared, so all are measured on the same ones.
"""

from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from digit_core.records import home
from digit_core.records.making import Making, asking, beside, digest_of, forget, lock_of, say, state_of
from digit_core.records.processes import start_apart
from digit_core.records.runs import Run, open_run
from digit_core.records.storage import write_text

VERSION = "1"  # another number when measurements made before should no longer count
_SOURCES = ("model.tflite", "predictions.npz")
_NOUN = "measurement"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Point(_Record):
    """Of the images changed by `strength`, `right` were read rightly."""

    strength: float
    right: int


class Robustness(_Record):
    """What a run read of `images` test images: by the name of each distortion, points with rising strength.

    `source` identifies the model; `seconds` is how long it took.
    """

    run: str
    source: str
    images: int
    seconds: float
    curves: dict[str, list[Point]]


def robustness_path(run: Run) -> Path:
    """Where a run's measurement is kept; the file need not exist yet."""
    return home.robustness_folder() / f"{run.name}.json"


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
    return digest_of(run, _SOURCES, VERSION)


def start_measuring(run: Run) -> None:
    """Have a run measured in a process of its own, unless one is at it. Raises UnknownRun or StorageError."""
    with asking:
        open_run(run.name)  # somebody may have deleted it
        measuring = measuring_of(run)
        if measuring is None or not measuring.is_active:
            write_measuring(run, Making())
            start_apart(beside(robustness_path(run), ".log"), "robustness", run.name, room="reading")


def measuring_of(run: Run) -> Making | None:
    """How the measuring goes or why it failed; None when nobody has asked, or when it is done."""
    return state_of(robustness_path(run), _NOUN)


def write_measuring(run: Run, measuring: Making) -> None:
    """Say how the measuring goes. Raises StorageError."""
    say(robustness_path(run), measuring)


def forget_measuring(run: Run) -> None:
    """Nothing is being measured, or it is done. Raises StorageError."""
    forget(robustness_path(run))


def measuring_lock(run: Run) -> FileLock:
    """The lock that whoever measures this run holds. Raises StorageError if its folder cannot be made."""
    return lock_of(robustness_path(run))
