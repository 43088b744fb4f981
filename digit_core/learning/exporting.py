"""Export a run's model, load the file again, and see that it reads as the run does.

The run is what its `model.tflite` says; and that must be what its `predictions.npz` recorded.
"""

import contextlib
import errno
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digit_core.errors import DamagedRun, DigitError, ExportFailed, StorageError
from digit_core.learning.formats import CONVERTERS, READERS, scaled
from digit_core.reading.classifier import Classifier
from digit_core.reading.datasets import Dataset, load_dataset
from digit_core.reading.probability import DIGITS
from digit_core.records.exports import (
    Export,
    ExportFormat,
    Making,
    export_lock,
    export_path,
    forget_making,
    keep_export,
    kept_export,
    source_of,
    turn_lock,
    write_making,
)
from digit_core.records.runs import Run
from digit_core.records.storage import make_folder, storage_errors

TEST_IMAGES = 1000
_MOST_SECONDS = 15 * 60  # it takes some seconds; nobody should wait for one that hangs
_TOLERANCE = 1e-3  # of the largest logit; float rounding in another order of sums
# Eight bits move readings that were undecided; more than one in twenty means a broken calibration.
_LEAST_SAME_READINGS_INT8 = 0.95
_DISK_IS_FULL = os.strerror(errno.ENOSPC)


@dataclass(frozen=True)
class Reference:
    """What the run says: `logits` (n, k) of test images uint8 (n, 28, 28) with `labels` (n,)."""

    images: np.ndarray
    labels: np.ndarray
    logits: np.ndarray


def export_in_this_process(run: Run, form: ExportFormat) -> Export:
    """As `export`, saying in the export's folder how it goes; ends the process if it hangs.

    Raises DigitError.
    """
    if hasattr(os, "nice"):
        os.nice(5)  # people who draw meanwhile come first
    overtime = threading.Timer(_MOST_SECONDS, _give_up, (run, form))
    overtime.daemon = True
    overtime.start()
    try:
        with export_lock(run, form):
            made = export(run, form, lambda message: write_making(run, form, Making(state="making", message=message)))
            forget_making(run, form)
            return made
    except DigitError as error:
        _write_failure(run, form, str(error))
        raise
    except MemoryError:
        _write_failure(run, form, message := "There was not enough memory for the export. Close something, try again.")
        raise ExportFailed(message) from None
    except Exception as error:
        log = export_path(run, form).parent
        _write_failure(run, form, f"An unexpected error: {error!r}. The log in {log} has the details.")
        raise
    finally:
        overtime.cancel()


def export(run: Run, form: ExportFormat, say: Callable[[str], None] = lambda message: None) -> Export:
    """The run's model in that format, made and checked now or kept from before.

    The file is written beside its place and moved there when it has been loaded again and reads
    1,000 of the run's test images (all, if there are fewer) as the run does. `say` is told what
    is being done. Raises ExportFailed if it does not, DamagedRun, DataUnavailable, DataDamaged
    or StorageError, and leaves no file then.
    """
    if kept := kept_export(run, form):
        return kept
    say("Waiting for another export")
    with turn_lock():
        started = time.perf_counter()
        say("Reading the test images")
        run.check()
        source = source_of(run)
        data = load_dataset(run.config.data, lambda part: say(f"Fetching the data: {part:.0%}"))
        reference = reference_of(run, data)
        say("Converting the model")
        with _workplace(run, form) as folder:
            made = folder / export_path(run, form).name
            with _full_disk_is_a_sentence(export_path(run, form)):
                CONVERTERS[form.name](run, made, data)
            say("Checking the exported file")
            logits = READERS[form.name](made, reference.images)
            result = compared(run, form, reference, logits)
            size = made.stat().st_size
            seconds = round(time.perf_counter() - started, 2)
            result = result.model_copy(update={"size": size, "source": source, "seconds": seconds})
            keep_export(run, form, made, result)
        return result


def reference_of(run: Run, data: Dataset) -> Reference:
    """What the run says of up to 1,000 test images, chosen at random but always the same.

    Raises DamagedRun if the run was tested on other images, or if its model is not the one that was.
    """
    recorded = run.predictions()
    if not np.array_equal(recorded.labels, data.y_test):
        raise DamagedRun(f"The predictions of {run.name} are not about the test images on this machine.")
    count = min(TEST_IMAGES, len(data.y_test))
    chosen = np.sort(np.random.default_rng(0).choice(len(data.y_test), count, replace=False))
    images = data.x_test[chosen]
    logits = Classifier(run.model_bytes()).logits_in_batches(scaled(images))
    # Readings, and not probabilities: those of older runs were recorded at the fitted temperature.
    differs = logits[:, :DIGITS].argmax(1) != recorded.predicted[chosen]
    second, first = np.sort(recorded.probabilities[chosen], axis=1)[:, -2:].T
    if (differs & (first - second > _TOLERANCE)).any():
        raise DamagedRun(f"In the run {run.name}, model.tflite does not say what predictions.npz recorded.")
    return Reference(images, data.y_test[chosen], logits)


def compared(run: Run, form: ExportFormat, reference: Reference, logits: np.ndarray) -> Export:
    """How an exported file's logits (n, k) agree with the run's. Raises ExportFailed if they do not."""
    if logits.shape != reference.logits.shape:
        raise ExportFailed(
            f"The {form.title} file of {run.name} gives logits of shape {logits.shape}, "
            f"the run {reference.logits.shape}. It was deleted."
        )
    read, wanted = logits[:, :DIGITS].argmax(1), reference.logits[:, :DIGITS].argmax(1)
    same = float((read == wanted).mean())
    difference = float(np.abs(logits.astype(np.float64) - reference.logits).max())
    if form.name == "tflite-int8":
        agrees = same >= _LEAST_SAME_READINGS_INT8
    else:
        agrees = difference <= _TOLERANCE * max(1.0, float(np.abs(reference.logits).max()))
    if not agrees:
        raise ExportFailed(
            f"The {form.title} file of {run.name} does not agree with the run: of {len(read):,} test images it reads "
            f"{same:.1%} as the run does, and a logit differs by {difference:.2g}. It was deleted."
        )
    return Export(
        run=run.name,
        format=form.name,
        size=0,
        source="",
        images=len(read),
        same_readings=same,
        logit_difference=difference,
        accuracy=float((read == reference.labels).mean()),
        run_accuracy=float((wanted == reference.labels).mean()),
        seconds=0.0,
    )


@contextlib.contextmanager
def _workplace(run: Run, form: ExportFormat) -> Iterator[Path]:
    """A folder of this export's own beside its place; one left by a killed process goes first."""
    path = export_path(run, form)
    folder = path.with_name(f".{path.name}.making")
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _full_disk_is_a_sentence(path: Path) -> Iterator[None]:
    try:
        with storage_errors(path):
            yield
    except DigitError:
        raise
    except Exception as error:
        # TensorFlow has an exception of its own for what the system says.
        if _DISK_IS_FULL.lower() not in str(error).lower():
            raise
        raise StorageError(f"{path} could not be written: the disk is full. Free some space and try again.") from error


def _write_failure(run: Run, form: ExportFormat, reason: str) -> None:
    try:
        write_making(run, form, Making(state="failed", message=reason))
    except StorageError:
        print("and that could not be written either", file=sys.stderr)


def _give_up(run: Run, form: ExportFormat) -> None:
    message = f"The export was not done after {_MOST_SECONDS // 60} minutes and was given up. Try again later."
    _write_failure(run, form, message)
    print(message, file=sys.stderr, flush=True)
    os._exit(1)  # whatever hangs may hang an orderly end too
