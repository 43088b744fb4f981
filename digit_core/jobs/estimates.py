"""How long a training will take, from the last ones on this machine."""

from digit_core.runs.config import TrainingConfig


def seconds_for(config: TrainingConfig) -> float | None:
    """Seconds from the request to the active run; None if nothing is known."""
    return None
