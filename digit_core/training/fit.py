"""Train a network and fill its run folder."""

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from digit_core.datasets.loading import load_dataset
from digit_core.drawings.training_set import DRAWINGS_FILE, read_training_set
from digit_core.evaluation.final_test import evaluate_on_test_images, probabilities_of
from digit_core.evaluation.report import evaluate
from digit_core.inference.litert import Classifier
from digit_core.inference.zooms import picture_logits
from digit_core.jobs.training_job import Cancelled
from digit_core.preprocessing.normalize import to_float
from digit_core.runs.checkpoints import delete_checkpoint
from digit_core.runs.config import TrainingConfig
from digit_core.runs.publishing import complete
from digit_core.runs.run import Run, open_run
from digit_core.runs.schemas import Environment, Metrics, Progress, TrainedNetwork
from digit_core.training.adaptation import average, base_network, blend, compare
from digit_core.training.architectures import build
from digit_core.training.batches import class_count, drawing_like_validation, scan_like_validation
from digit_core.training.calibration import fit_calibration, fit_picture_temperature
from digit_core.training.callbacks import (
    EndFit,
    FitEnded,
    HistoryLogger,
    ProgressReporter,
    ShareProcessors,
    StopOnInvalidLoss,
)
from digit_core.training.distillation import read_teachers
from digit_core.training.export.formats import export_litert
from digit_core.training.macro_recall import MacroRecall
from digit_core.training.mixed_precision import accelerated, compute_dtype, compute_dtype_for
from digit_core.training.optimizers import optimizer
from digit_core.training.resume import early_stopped_weights, resumable_callbacks
from digit_core.training.step_log import StepLogger
from digit_core.training.training_data import TrainingData, prepare_data

_ends: list[FitEnded] = []  # keeps what should not be freed; see `EndFit`
_LIBRARIES = ("tensorflow", "keras", "numpy", "scikit-learn", "ai-edge-litert")


@dataclass(frozen=True)
class FittedNetwork:
    """A network that is trained and saved in its folder, and the data that it was not trained on."""

    data: TrainingData
    trained: TrainedNetwork


def build_compiled_model(config: TrainingConfig, steps: int) -> keras.Model:
    """The network that is trained, with its optimiser, loss and metrics, for `steps` training steps in all.

    Raises UnknownRun or DamagedRun.
    """
    plain = _initial_network(config)
    model = accelerated(plain, compute_dtype_for(config, plain))
    model.compile(
        optimizer=optimizer(config, steps),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=config.label_smoothing),
        metrics=["accuracy", *([MacroRecall(name="recall")] if config.track_recall else [])],
        jit_compile=False,  # XLA on the CPU is three times slower here
    )
    return model


def _initial_network(config: TrainingConfig) -> keras.Model:
    return base_network(config) if config.base_run else build(config)


def train(
    config: TrainingConfig,
    folder: Path,
    *,
    command: str,
    report: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> Metrics:
    """Train as configured and fill `folder` with everything a run consists of.

    The test set is used once, after the last epoch, and influences no choice. An interrupted training
    is resumed after its last complete epoch when `train` is called with its folder again.
    "publishing" is reported once the run is complete: from then on it can neither be cancelled nor fail. Its
    figures are drawn when it is published (`digit_core.training.figures.draw_run_figures`).
    Raises DigitError, or Cancelled once `cancelled()` is true.
    """
    fitted = fit_network(config, folder, command=command, report=report, cancelled=cancelled)
    enter = _stages(config, report, cancelled)
    enter("evaluating", "Evaluating on the test images")
    metrics = evaluate_on_test_images(folder, fitted.trained, fitted.data.x_test, fitted.data.y_test)
    if drawings := fitted.data.drawings:
        enter("evaluating", "Comparing with the run that it comes from")
        adaptation = compare(drawings, open_run(config.base_run), Run(folder), fitted.data.batches)
        (folder / "adaptation.json").write_text(adaptation.model_dump_json(indent=1))
        (folder / DRAWINGS_FILE).unlink()  # they belong to the people who drew them, not to the run
    enter("evaluating", "Completing the run")
    complete(folder, config, fitted.trained.environment)
    report(Progress(state="publishing", message="Publishing the run", epochs=config.epochs))
    delete_checkpoint(folder)
    return metrics


def fit_network(
    config: TrainingConfig,
    folder: Path,
    *,
    command: str,
    report: Callable[[Progress], None],
    cancelled: Callable[[], bool],
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> FittedNetwork:
    """All of `train` that needs no test images: history, network, LiteRT model and calibration in `folder`.

    `callbacks` are called after those that save the checkpoint. Raises what `train` does.
    """
    enter = _stages(config, report, cancelled)
    drawings = read_training_set(folder, class_count(config)) if config.drawings else None
    data = prepare_data(config, lambda message: enter("training", message), drawings, read_teachers(config, folder))
    enter("training", "Building the network")
    keras.utils.set_random_seed(config.seed)
    model = build_compiled_model(config, config.epochs * len(data.batches))
    environment = Environment(
        versions={"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
        data_digest=data.digest,
        command=command,
        created=time.time(),
        compute_dtype=compute_dtype(model),
    )
    _fit(model, config, folder, data, ProgressReporter(report, cancelled), callbacks)

    enter("evaluating", "Calibrating its confidence")
    model = _float32_copy(model, config)
    inputs, labels = drawing_like_validation(data.x_validate, data.y_validate)
    if drawings:
        half = inputs[::2], labels[::2]  # of these half are enough, and each share of the weights takes seconds
        share = blend(model, config, [(to_float(data.x_validate), data.y_validate), half])
        print(f"The weights are {share:.0%} those that were trained, and the rest the base run's.")
    elif config.base_run:
        average(model, config)
    model.save(folder / "model.keras")
    export_litert(model, folder / "model.tflite", to_float(data.x_validate[:100]))
    classifier = Classifier((folder / "model.tflite").read_bytes(), threads=os.cpu_count() or 1)
    calibration = fit_calibration(classifier.logits_in_batches(inputs), labels)
    scans, scan_labels = scan_like_validation()
    on_pictures = fit_picture_temperature(picture_logits(classifier, scans), scan_labels)
    calibration = calibration.model_copy(update={"picture_temperature": on_pictures})
    (folder / "calibration.json").write_text(calibration.model_dump_json(indent=1))
    trained = TrainedNetwork(
        training_images=data.training_images,
        validation_images=len(data.x_validate),
        parameters=model.count_params(),
        environment=environment,
    )
    return FittedNetwork(data, trained)


def reevaluate(run: Run) -> Metrics:
    """Evaluate a run's model on the test set again; the result should equal the run's own metrics.

    Raises DamagedRun, DataUnavailable or DataDamaged.
    """
    data = load_dataset(run.config.data)
    classifier = Classifier(run.model_bytes(), threads=os.cpu_count() or 1)
    recorded = {"training_images", "validation_images", "epochs", "training_seconds", "parameters"}
    return evaluate(probabilities_of(classifier, data.x_test), data.y_test, **run.metrics.model_dump(include=recorded))


def _stages(
    config: TrainingConfig, report: Callable[[Progress], None], cancelled: Callable[[], bool]
) -> Callable[[str, str], None]:
    """A function that reports the next stage of a training, and raises Cancelled if it is to end there."""

    def enter(state: str, message: str) -> None:
        report(Progress(state=state, message=message, epochs=config.epochs))
        if cancelled():  # during the fit the callbacks check
            raise Cancelled

    return enter


def _float32_copy(model: keras.Model, config: TrainingConfig) -> keras.Model:
    # Standard layers, which any Keras can load; and without Adam's moments, which are twice
    # the size of the weights and of no use to another training.
    copy = _initial_network(config)
    copy.set_weights(model.get_weights())
    return copy


def _fit(
    model: keras.Model,
    config: TrainingConfig,
    folder: Path,
    data: TrainingData,
    reporter: keras.callbacks.Callback,
    more: Sequence[keras.callbacks.Callback],
) -> None:
    if weights := early_stopped_weights(config, folder):
        model.set_weights(weights)
        return
    keras.config.disable_traceback_filtering()  # it would free what the traceback refers to
    labels = np.eye(class_count(config), dtype=np.float32)[data.y_validate]
    try:
        model.fit(
            data.batches,
            epochs=config.epochs,
            shuffle=False,  # the batches are shuffled by epoch already, and Keras's order could not be resumed
            validation_data=(to_float(data.x_validate), labels),
            validation_batch_size=500,
            callbacks=[
                reporter,
                HistoryLogger(folder / "history.csv"),  # before the checkpoint: it may be an epoch ahead, not behind
                StepLogger(folder, config.batch_size),
                *resumable_callbacks(config, folder, data.batches),
                *more,
                StopOnInvalidLoss(),
                ShareProcessors(),
                EndFit(),
            ],
            verbose=0,
        )
    except FitEnded as end:
        _ends[:] = [end]
