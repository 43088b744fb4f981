"""Learning-rate schedules."""

import keras
from keras import ops

from digit_core.runs.config import TrainingConfig

_WARM_UP = 0.15  # of all steps


@keras.saving.register_keras_serializable("digit_lab")
class Triangular(keras.optimizers.schedules.LearningRateSchedule):
    """A linear rise to the peak and a linear fall to zero: one cycle (Smith 2018, arXiv 1803.09820).

    `peak`: the highest rate; `steps`: of the whole training; `rise`: the share of steps before the peak.
    """

    def __init__(self, peak: float, steps: int, rise: float = 0.25):
        self.peak = peak
        self.steps = steps
        self.rise = rise

    def __call__(self, step):
        """The rate at a step counted from 0."""
        done = (ops.cast(step, "float32") + 1) / (self.steps + 1)
        return self.peak * ops.minimum(done / self.rise, ops.maximum(1 - done, 0.0) / (1 - self.rise))

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {"peak": self.peak, "steps": self.steps, "rise": self.rise}


def learning_rate(config: TrainingConfig, steps: int):
    """The configuration's rate or schedule, for a training of `steps` steps."""
    if config.schedule == "triangular":
        return Triangular(config.learning_rate, steps)
    if config.schedule == "cosine":
        rise = int(steps * _WARM_UP)
        return keras.optimizers.schedules.CosineDecay(
            config.learning_rate / 10, steps - rise, alpha=0.01, warmup_target=config.learning_rate, warmup_steps=rise
        )
    return config.learning_rate
