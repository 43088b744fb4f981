"""The configuration of a run that learns from labelled drawings."""

from typing import Any

from digit_core.runs.config import TrainingConfig, parse_config
from digit_core.runs.run import Run

# Replay: three quarters of each batch are what the base run was trained on. Measured with
# `scripts/benchmark.py adaptation`: fewer steps leave more of the mistakes, a higher rate costs accuracy on MNIST.
_SETTINGS: dict[str, Any] = {
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
    return parse_config(config.model_dump() | _SETTINGS | changed | settings)
