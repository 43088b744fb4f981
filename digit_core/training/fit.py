"""Train a network and leave a complete run."""

import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from digit_core.datasets.loading import load_dataset
from digit_core.datasets.splits import stratified_split
from digit_core.evaluation.report import evaluate
from digit_core.inference.litert import Classifier
from digit_core.inference.probabilities import digit_probabilities
from digit_core.jobs.training_job import Cancelled
from digit_core.preprocessing.normalize import to_float
from digit_core.runs.checkpoints import delete_checkpoint
from digit_core.runs.config import TrainingConfig
from digit_core.runs.publishing import complete
from digit_core.runs.run import Run
from digit_core.runs.schemas import Environment, Metrics, Progress
from digit_core.training.architectures import build
from digit_core.training.batches import MixedBatches, classes, drawing_like_validation
from digit_core.training.calibration import fit_calibration
from digit_core.training.callbacks import HistoryLogger, ProgressReporter, StopOnInvalidLoss
from digit_core.training.export.litert_converter import export_litert
from digit_core.training.figures import draw_figures
from digit_core.training.macro_recall import MeanRecall
from digit_core.training.mixed_precision import accelerated, compute_dtype, compute_dtype_for
from digit_core.training.resume import early_stopped_weights, resuming
from digit_core.training.schedules import learning_rate

_LIBRARIES = ("tensorflow", "keras", "numpy", "scikit-learn", "ai-edge-litert")


@dataclass(frozen=True)
class Prepared:
    """A data set ready to train on: images uint8 (n, 28, 28), labels int64 (n,)."""

    batches: MixedBatches
    x_validate: np.ndarray
    y_validate: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    training_images: int
    digest: str


def prepared(config: TrainingConfig, say: Callable[[str], None] = lambda message: None) -> Prepared:
    """The configuration's data, with a stratified part of the training images kept for validation.

    `say` is told in words what takes its time.
    Raises DataUnavailable, DataDamaged or StorageError.
    """
    say("Preparing the data")
    data = load_dataset(config.data, lambda part: say(f"Fetching the data: {part:.0%}"))
    fitting, validating = stratified_split(data.y_train, config.validation_fraction, config.seed)
    if config.synthetic_digits or config.non_digits:
        say("Writing digits to practise on (they are kept for next time)")
    return Prepared(
        MixedBatches(data.x_train[fitting], data.y_train[fitting], config),
        data.x_train[validating],
        data.y_train[validating],
        data.x_test,
        data.y_test,
        len(fitting),
        data.digest,
    )


def compiled(config: TrainingConfig, steps: int) -> keras.Model:
    """The preset's network with its optimiser, loss and metrics, for a training of so many steps."""
    plain = build(config)
    model = accelerated(plain, compute_dtype_for(config, plain))
    model.compile(
        optimizer=keras.optimizers.Adam(
            learning_rate(config, steps),
            beta_1=config.beta_1,
            beta_2=config.beta_2,
            weight_decay=config.weight_decay or None,
        ),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=config.label_smoothing),
        metrics=["accuracy", *([MeanRecall(name="recall")] if config.track_recall else [])],
        jit_compile=False,  # XLA on the CPU is three times slower here
    )
    return model


def train(
    config: TrainingConfig,
    folder: Path,
    *,
    command: str,
    report: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> Metrics:
    """Train as configured and fill `folder` with all that a run is made of.

    The test set is read once, after the last epoch: it chooses nothing.
    A training that was stopped is resumed after its last whole epoch when called with its folder again.
    "publishing" is reported once the run is complete, but for the figures: it cannot be cancelled any more,
    and nothing that goes wrong makes it fail.
    Raises DigitError, or Cancelled when `cancelled()` says so.
    """
    say = _announcer(config, report, cancelled)
    data = prepared(config, lambda message: say("training", message))

    say("training", "Building the network")
    keras.utils.set_random_seed(config.seed)
    model = compiled(config, config.epochs * len(data.batches))
    environment = _environment(command, data.digest, compute_dtype(model))
    _fit(model, config, folder, data, [ProgressReporter(report, cancelled)])
    history = Run(folder).history()

    say("evaluating", "Reading the test images")
    model = _to_keep(model, config)
    model.save(folder / "model.keras")
    export_litert(model, folder / "model.tflite", to_float(data.x_validate[:100]))
    classifier = Classifier((folder / "model.tflite").read_bytes(), threads=os.cpu_count() or 1)
    drawings, labels = drawing_like_validation(data.x_validate, data.y_validate)
    calibration = fit_calibration(classifier.logits_in_batches(drawings), labels)
    (folder / "calibration.json").write_text(calibration.model_dump_json(indent=1))
    probabilities = predict_test_set(classifier, data.x_test)
    np.savez_compressed(folder / "predictions.npz", probabilities=probabilities, labels=data.y_test.astype(np.uint8))
    metrics = evaluate(
        probabilities,
        data.y_test,
        training_images=data.training_images,
        validation_images=len(data.x_validate),
        epochs=len(history),
        training_seconds=history[-1]["seconds"],
        parameters=model.count_params(),
    )
    (folder / "metrics.json").write_text(metrics.model_dump_json(indent=1))
    say("evaluating", "Completing the run")
    complete(folder, config, environment)
    report(Progress(state="publishing", message="Drawing the figures", epochs=config.epochs))
    delete_checkpoint(folder)  # also for its room: the disk may be full
    _draw_figures(folder, history, metrics, data.x_test, config.seed)
    return metrics


def predict_test_set(classifier: Classifier, images: np.ndarray) -> np.ndarray:
    """float32 (n, 10) for test images uint8 (n, 28, 28), as the network gives them: at temperature 1.

    The fitted temperature is for drawings, which are harder than a data set's own test images.
    """
    return digit_probabilities(classifier.logits_in_batches(to_float(images)), 1.0)


def reevaluate(run: Run) -> Metrics:
    """Read the test set again with a run's model; the figures should be the run's own.

    Raises DamagedRun, DataUnavailable or DataDamaged.
    """
    data = load_dataset(run.config.data)
    classifier = Classifier(run.model_bytes(), threads=os.cpu_count() or 1)
    probabilities = predict_test_set(classifier, data.x_test)
    kept = ("training_images", "validation_images", "epochs", "training_seconds", "parameters")
    return evaluate(probabilities, data.y_test, **run.metrics.model_dump(include=set(kept)))


def _to_keep(model: keras.Model, config: TrainingConfig) -> keras.Model:
    # Plain float32 Keras, which any Keras can load; and without Adam's moments, which are twice
    # the size of the weights and which a new training starts afresh.
    bare = build(config)
    bare.set_weights(model.get_weights())
    return bare


def _announcer(
    config: TrainingConfig, report: Callable[[Progress], None], cancelled: Callable[[], bool]
) -> Callable[[str, str], None]:
    def say(state: str, message: str) -> None:
        report(Progress(state=state, message=message, epochs=config.epochs))
        if cancelled():  # while it is fitted the callbacks look
            raise Cancelled

    return say


def _environment(command: str, data_digest: str, precision: str) -> Environment:
    return Environment(
        versions={"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
        data_digest=data_digest,
        command=command,
        created=time.time(),
        compute_dtype=precision,
    )


def _fit(
    model: keras.Model,
    config: TrainingConfig,
    folder: Path,
    data: Prepared,
    callbacks: list[keras.callbacks.Callback],
) -> None:
    if weights := early_stopped_weights(config, folder):  # it had stopped early, and was killed after that
        model.set_weights(weights)
        return
    model.fit(
        data.batches,
        epochs=config.epochs,
        shuffle=False,  # the practice deals the images itself; Keras would mix its batches by a state of its own
        validation_data=(to_float(data.x_validate), np.eye(classes(config), dtype=np.float32)[data.y_validate]),
        validation_batch_size=500,
        callbacks=[
            *callbacks,
            HistoryLogger(folder / "history.csv"),
            *resuming(config, folder, data.batches),  # after the history, which may be an epoch ahead but not behind
            StopOnInvalidLoss(),
        ],
        verbose=0,
    )


def _draw_figures(folder: Path, history: list[dict], metrics: Metrics, images: np.ndarray, seed: int) -> None:
    """Draw what can be drawn: a run is whole without its figures."""
    failed = draw_figures(folder / "figures", history, metrics, Run(folder).predictions(), images, seed)
    for name, error in failed.items():
        print(f"The figure {name} could not be drawn:", file=sys.stderr)
        traceback.print_exception(error)
