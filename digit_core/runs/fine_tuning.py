"""The configurations of runs that begin with another run's weights."""

from typing import Any

from digit_core.runs.config import TrainingConfig, parse_config
from digit_core.runs.run import Run

# Replay: three quarters of each batch are what the base run was trained on. Measured with
# `scripts/benchmark.py adaptation`: fewer steps leave more of the mistakes, a higher rate costs accuracy on MNIST.
_WITH_DRAWINGS: dict[str, Any] = {
    "epochs": 1,
    "steps_per_epoch": 350,
    "batch_size": 128,
    "learning_rate": 0.0005,
    "optimizer": "adam",
    "schedule": "cosine",
    "drawing_share": 0.25,
    "mild_epochs": 0,
    "patience": 500,
    "track_recall": False,
    "teachers": (),
}
_FURTHER: dict[str, Any] = {
    "epochs": 3,
    "mild_epochs": 3,
    "learning_rate": 0.001,
    "schedule": "cosine",
    "patience": 500,
    "drawings": 0,
    "drawing_share": 0.0,
    "drawings_digest": "",
    "steps_per_epoch": 0,
    "teachers": (),
}
_MOST_SYNTHETIC = 5000  # of each kind: more than the steps use, and generated in seconds


def fine_tuning_config(base: Run, drawings: int, digest: str, **settings: Any) -> TrainingConfig:
    """The base run's configuration, changed so that it learns from so many drawings. Raises InvalidConfig.

    `digest`: of the drawings; `settings`: other fields to change.
    """
    config = base.config
    changed = {"base_run": base.name, "drawings": drawings, "drawings_digest": digest}
    for name in ("synthetic_digits", "non_digits"):
        changed[name] = min(getattr(config, name), _MOST_SYNTHETIC)
    return parse_config(config.model_dump() | _WITH_DRAWINGS | changed | settings)


def further_training_config(base: Run, **settings: Any) -> TrainingConfig:
    """The base run's configuration, changed so that it is trained a few epochs further. Raises InvalidConfig.

    It learns what the generator of synthetic digits has gained since, or what `teachers` among the other fields,
    `settings`, predict: their probabilities are soft labels already.
    """
    if settings.get("teachers"):
        settings = {"label_smoothing": 0.0} | settings
    if "epochs" in settings:
        settings = {"mild_epochs": settings["epochs"]} | settings
    return parse_config(base.config.model_dump() | _FURTHER | {"base_run": base.name} | settings)
