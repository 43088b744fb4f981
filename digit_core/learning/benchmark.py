"""How long a preset trains until it passes an accuracy: the yardstick for `quick`."""

import time

import keras
import numpy as np

from digit_core.learning.training import compiled, prepared
from digit_core.records.config import TrainingConfig


def seconds_to_accuracy(config: TrainingConfig, target: float) -> dict[str, float]:
    """Train epoch by epoch until the test accuracy passes `target` or the epochs are over.

    Only fitting is timed, not the look at the test set after each epoch. That look is for this
    comparison alone: no model that anybody uses is chosen by it.
    Returns `seconds`, `epochs` and the `accuracy` reached.
    """
    keras.utils.set_random_seed(config.seed)
    data = prepared(config)
    model = compiled(config, config.epochs * len(data.practice))
    test_images = data.x_test.astype(np.float32)[..., None] / 255
    seconds, accuracy, epoch = 0.0, 0.0, 0
    while accuracy <= target and epoch < config.epochs:
        data.practice.begin(epoch)
        started = time.perf_counter()
        model.fit(data.practice, verbose=0)
        seconds += time.perf_counter() - started
        epoch += 1
        read = model.predict(test_images, batch_size=1000, verbose=0).argmax(1)
        accuracy = float((read == data.y_test).mean())
    return {"seconds": round(seconds, 2), "epochs": epoch, "accuracy": accuracy}
