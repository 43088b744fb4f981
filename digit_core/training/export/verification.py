"""Export a run's model, load the file again, and check that it predicts what the run does.

The run's predictions are those of its `model.tflite`, which must be the ones in its `predictions.npz`.
"""

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digit_core.datasets.loading import load_dataset
from digit_core.datasets.sources import Dataset
from digit_core.errors import DamagedRun, DigitError, ExportFailed, StorageError
from digit_core.inference.litert import Classifier
from digit_core.inference.probabilities import N_DIGITS
from digit_core.jobs.task_runner import Report, no_report
from digit_core.jobs.tasks import (
    Export,
    ExportFormat,
    export_path,
    export_source,
    export_task,
    load_export,
    save_export,
)
from digit_core.preprocessing.normalize import to_float
from digit_core.runs.run import Run
from digit_core.storage.files import make_folder, storage_errors
from digit_core.training.export.formats import CONVERTERS, READERS

TEST_IMAGES = 1000
_TOLERANCE = 1e-3  # of the largest logit; float rounding in another order of sums
# Eight bits change predictions that were undecided; more than one in twenty means a broken calibration.
_MIN_AGREEMENT_INT8 = 0.95
_DISK_IS_FULL = os.strerror(errno.ENOSPC)


@dataclass(frozen=True)
class Reference:
    """The run's `logits` (n, k) for test images uint8 (n, 28, 28) with `labels` (n,)."""

    images: np.ndarray
    labels: np.ndarray
    logits: np.ndarray


def export(run: Run, form: ExportFormat, report: Report = no_report) -> Export:
    """The run's model in that format, made and checked now or kept from before.

    The file is written beside its place and moved there when it has been loaded again and predicts
    1,000 of the run's test images (all, if there are fewer) as the run does. Raises ExportFailed if
    it does not, DamagedRun, DataUnavailable, DataDamaged or StorageError, and leaves no file then.
    """
    if kept := load_export(run, form):
        return kept
    started = time.perf_counter()
    report("Loading the test images")
    run.check()
    source = export_source(run)
    data = load_dataset(run.config.data, lambda fraction: report("Downloading the data", fraction))
    reference = reference_of(run, data)
    report("Converting the model")
    with _partial_folder(run, form) as folder:
        made = folder / export_path(run, form).name
        with _full_disk_is_a_sentence(export_path(run, form)):
            CONVERTERS[form.name](run, made, data)
        report("Checking the exported file")
        logits = READERS[form.name](made, reference.images)
        result = compared(run, form, reference, logits)
        size = made.stat().st_size
        seconds = round(time.perf_counter() - started, 2)
        result = result.model_copy(update={"size": size, "source": source, "seconds": seconds})
        save_export(run, form, made, result)
    return result


def reference_of(run: Run, data: Dataset) -> Reference:
    """The run's logits for up to 1,000 test images, chosen at random but always the same.

    Raises DamagedRun if the run was tested on other images, or if its model is not the one that was.
    """
    recorded = run.predictions()
    data.require_labels(recorded.labels, run.name)
    count = min(TEST_IMAGES, len(data.y_test))
    chosen = np.sort(np.random.default_rng(0).choice(len(data.y_test), count, replace=False))
    images = data.x_test[chosen]
    logits = Classifier(run.model_bytes()).logits_in_batches(to_float(images))
    # Predictions, and not probabilities: those of older runs were recorded at the fitted temperature.
    differs = logits[:, :N_DIGITS].argmax(1) != recorded.predicted[chosen]
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
    predicted, expected = logits[:, :N_DIGITS].argmax(1), reference.logits[:, :N_DIGITS].argmax(1)
    agreement = float((predicted == expected).mean())
    difference = float(np.abs(logits.astype(np.float64) - reference.logits).max())
    if form.name == "tflite-int8":
        agrees = agreement >= _MIN_AGREEMENT_INT8
    else:
        agrees = difference <= _TOLERANCE * max(1.0, float(np.abs(reference.logits).max()))
    if not agrees:
        raise ExportFailed(
            f"The {form.title} file of {run.name} does not agree with the run: "
            f"it predicts the same digit for {agreement:.1%} of {len(predicted):,} test images, "
            f"and a logit differs by {difference:.2g}. It was deleted."
        )
    return Export(
        run=run.name,
        format=form.name,
        size=0,
        source="",
        images=len(predicted),
        agreement=agreement,
        logit_difference=difference,
        accuracy=float((predicted == reference.labels).mean()),
        run_accuracy=float((expected == reference.labels).mean()),
        seconds=0.0,
    )


@contextlib.contextmanager
def _partial_folder(run: Run, form: ExportFormat) -> Iterator[Path]:
    """An empty folder beside the export's place, deleted afterwards."""
    task = export_task(run, form)
    task.delete_partial()
    try:
        yield make_folder(task.partial_path)
    finally:
        task.delete_partial()


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
