"""Export a run's model, load the file again, and check that it predicts what the run does.

The run's predictions are those of its `model.tflite`, which must be the ones in its `predictions.npz`.
"""

import time
from dataclasses import dataclass

import numpy as np

from digit_core.datasets.loading import Dataset, load_dataset
from digit_core.errors import DamagedRun, ExportFailed
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
from digit_core.training.export.formats import CONVERTERS, LOGITS, TOLERANCE

TEST_IMAGES = 1000
# Eight bits change a few undecided predictions; more than one in twenty means that the calibration is broken.
_MIN_AGREEMENT_INT8 = 0.95


@dataclass(frozen=True)
class _Reference:
    """The run's `logits` (n, k) for test images float32 (n, 28, 28), 0 to 1, with `labels` (n,)."""

    images: np.ndarray
    labels: np.ndarray
    logits: np.ndarray


def export(run: Run, form: ExportFormat, report: Report = no_report) -> Export:
    """Export the run's model in a format and verify the file, or return the export that is kept.

    The file is moved to its place once it has been loaded again and predicts 1,000 of the run's test
    images (all, if there are fewer) like the run. Raises ExportFailed if it does not, DamagedRun,
    DataUnavailable, DataDamaged or StorageError, and leaves no file then.
    """
    if kept := load_export(run, form):
        return kept
    started = time.perf_counter()
    report("Loading the test images")
    run.check()
    source = export_source(run)
    data = load_dataset(run.config.data, lambda fraction: report("Downloading the data", fraction))
    reference = _reference(run, data)
    report("Converting the model")
    task, target = export_task(run, form), export_path(run, form)
    task.delete_partial()
    try:
        exported = make_folder(task.partial_path) / target.name
        with storage_errors(target):
            CONVERTERS[form.name](run, exported, data)
        report("Checking the exported file")
        agreement = _agreement(run, form, reference, LOGITS[form.name](exported, reference.images))
        result = Export(
            run=run.name,
            format=form.name,
            size=exported.stat().st_size,
            source=source,
            images=len(reference.images),
            seconds=round(time.perf_counter() - started, 2),
            **agreement,
        )
        save_export(run, form, exported, result)
        return result
    finally:
        task.delete_partial()


def _reference(run: Run, data: Dataset) -> _Reference:
    """The run's logits for up to 1,000 test images, a random choice that is always the same.

    Raises DamagedRun if the run was tested on other images or with another model.
    """
    recorded = run.predictions()
    if not np.array_equal(recorded.labels, data.y_test):
        raise DamagedRun(f"The predictions of {run.name} are not about the test images on this machine.")
    count = min(TEST_IMAGES, len(data.y_test))
    chosen = np.sort(np.random.default_rng(0).choice(len(data.y_test), count, replace=False))
    images = to_float(data.x_test[chosen])
    logits = Classifier(run.model_bytes()).logits_in_batches(images)
    # Compares predictions, not probabilities: older runs recorded theirs at the fitted temperature.
    differs = logits[:, :N_DIGITS].argmax(1) != recorded.predicted[chosen]
    second, first = np.sort(recorded.probabilities[chosen], axis=1)[:, -2:].T
    if (differs & (first - second > TOLERANCE)).any():
        raise DamagedRun(f"In the run {run.name}, model.tflite and predictions.npz disagree.")
    return _Reference(images, data.y_test[chosen], logits)


def _agreement(run: Run, form: ExportFormat, reference: _Reference, logits: np.ndarray) -> dict[str, float]:
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
        agrees = difference <= TOLERANCE * max(1.0, float(np.abs(reference.logits).max()))
    if not agrees:
        raise ExportFailed(
            f"The {form.title} file of {run.name} does not agree with the run: "
            f"it predicts the same digit for {agreement:.1%} of {len(predicted):,} test images, "
            f"and a logit differs by {difference:.2g}. It was deleted."
        )
    return {
        "agreement": agreement,
        "logit_difference": difference,
        "accuracy": float((predicted == reference.labels).mean()),
        "run_accuracy": float((expected == reference.labels).mean()),
    }
