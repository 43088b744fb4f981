"""Complete run folders without a training: metrics of made-up predictions, models of a few bytes."""

import csv
from datetime import datetime
from pathlib import Path

import numpy as np

from digit_core.runs.config import training_config
from digit_core.runs.publishing import write_config
from digit_core.runs.run import HISTORY_FIELDS, Run
from digit_core.runs.schemas import Calibration, ClassMetrics, Environment, Metrics
from digit_core.storage import paths

LABELS = np.tile(np.arange(10), 20)  # of 200 test images


def make_probabilities(labels: np.ndarray, wrong: dict[int, int] | None = None, confidence: float = 0.91) -> np.ndarray:
    """Probabilities float32 (n, 10) that predict every label, except at the indices in `wrong`, which has digits."""
    predicted = labels.copy()
    for index, digit in (wrong or {}).items():
        predicted[index] = digit
    probabilities = np.full((len(labels), 10), (1 - confidence) / 9, np.float32)
    probabilities[np.arange(len(labels)), predicted] = confidence
    return probabilities


def construct_run(
    name: str,
    preset: str = "quick",
    *,
    labels: np.ndarray = LABELS,
    wrong: dict[int, int] | None = None,
    data: str = "mnist",
    digest: str = "made up",
    model: bytes = b"no network",
    compute_dtype: str | None = None,
    **settings,
) -> Run:
    """Write a run into this test's home. `settings` are fields of its config."""
    folder = paths.runs_folder() / name
    folder.mkdir(parents=True)
    config = training_config(preset, data=data, **{"epochs": 3, **settings})
    created = datetime.strptime(name[:15], "%Y%m%d-%H%M%S").timestamp()
    environment = Environment(
        versions={"python": "3.11"}, data_digest=digest, command="a test", created=created, compute_dtype=compute_dtype
    )
    probabilities = make_probabilities(labels, wrong)
    (folder / "metrics.json").write_text(_metrics(probabilities, labels, config.epochs).model_dump_json())
    (folder / "calibration.json").write_text(Calibration(temperature=1, likeness_threshold=0.5).model_dump_json())
    (folder / "model.keras").write_bytes(model)
    (folder / "model.tflite").write_bytes(model)
    np.savez_compressed(folder / "predictions.npz", probabilities=probabilities.astype(np.float16), labels=labels)
    _write_history(folder / "history.csv", config.epochs)
    write_config(folder, config, environment)
    return Run(folder)


def seal(folder: Path) -> None:
    """Write `config.json` again, with the sizes of binary files that a test has changed."""
    run = Run(folder)
    write_config(folder, run.config, run.environment)


def construct_runs(count: int, **options) -> list[Run]:
    """Many runs of several presets and seeds, an hour apart."""
    presets = ("quick", "two_block", "lenet5", "robust")
    return [
        construct_run(
            f"202601{1 + number // 24:02}-{number % 24:02}0000-{(preset := presets[number % 4]).replace('_', '-')}",
            preset,
            seed=number // 4,
            wrong={(number * 7 + i * 13) % 200: 0 for i in range(3 + number % 5)},
            **options,
        )
        for number in range(count)
    ]


def _metrics(probabilities: np.ndarray, labels: np.ndarray, epochs: int) -> Metrics:
    predicted = probabilities.argmax(1)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels, predicted), 1)
    correct = confusion.diagonal()
    precision, recall = correct / np.maximum(confusion.sum(0), 1), correct / np.maximum(confusion.sum(1), 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    accuracy = float((predicted == labels).mean())
    return Metrics(
        accuracy=accuracy,
        accuracy_interval=(max(accuracy - 0.02, 0), min(accuracy + 0.02, 1)),
        loss=float(-np.log(probabilities[np.arange(len(labels)), labels].astype(float)).mean()),
        precision=precision.mean(),
        recall=recall.mean(),
        f1=f1.mean(),
        calibration_error=0.01,
        per_class=[
            ClassMetrics(digit=d, precision=precision[d], recall=recall[d], f1=f1[d], support=confusion[d].sum())
            for d in range(10)
        ],
        confusion=confusion.tolist(),
        test_images=len(labels),
        training_images=1000,
        validation_images=100,
        epochs=epochs,
        training_seconds=4.0 * epochs,
        parameters=12_345,
    )


def _write_history(path: Path, epochs: int) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, HISTORY_FIELDS)
        writer.writeheader()
        for epoch in range(1, epochs + 1):
            loss, accuracy = 0.5 / epoch, 1 - 0.05 / epoch
            values = (epoch, loss, accuracy, loss * 1.1, accuracy - 0.01, 4.0 * epoch)
            writer.writerow(dict(zip(HISTORY_FIELDS, values, strict=True)))
