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
    "learning_rate": 0.0007,
    "optimizer": "adam",
    "schedule": "cosine",
    "drawing_share": 0.25,
    "mild_epochs": 0,
    "patience": 500,
    "track_recall": False,
}
_MOST_SYNTHETIC = 5000  # of each kind: more than the steps use, and generated in seconds

# More synthetic digits than in the base run's batches: what is new since then is in them.
_WITHOUT_DRAWINGS: dict[str, Any] = {
    "epochs": 3,
    "steps_per_epoch": 40,
    "batch_size": 256,
    "learning_rate": 0.001,
    "schedule": "cosine",
    "mild_epochs": 3,
    "synthetic_digits": 5000,
    "synthetic_digit_share": 0.375,
    "non_digits": 1500,
    "non_digit_share": 0.15,
    "patience": 500,
    "drawings": 0,
    "drawing_share": 0.0,
    "drawings_digest": "",
}


def fine_tuning_config(base: Run, drawings: int, digest: str, **settings: Any) -> TrainingConfig:
    """The base run's configuration, changed so that it learns from so many drawings. Raises InvalidConfig.

    `digest`: of the drawings; `settings`: other fields to change.
    """
    config = base.config
    changed = {"base_run": base.name, "drawings": drawings, "drawings_digest": digest}
    for name in ("synthetic_digits", "non_digits"):
        changed[name] = min(getattr(config, name), _MOST_SYNTHETIC)
    return parse_config(config.model_dump() | _WITH_DRAWINGS | changed | settings)


def continued_config(base: Run, **settings: Any) -> TrainingConfig:
    """The base run's configuration, changed so that its last layer learns the synthetic digits as they are now.

    `settings`: other fields to change. Raises InvalidConfig.
    """
    changed = _WITHOUT_DRAWINGS | {"base_run": base.name}
    if not base.config.non_digits:
        changed |= {"non_digits": 0, "non_digit_share": 0.0}
    return parse_config(base.config.model_dump() | changed | settings)
