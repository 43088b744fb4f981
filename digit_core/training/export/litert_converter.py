"""From a trained Keras model to the LiteRT file that reads."""

import contextlib
import io
from pathlib import Path

import keras
import numpy as np

from digit_core.errors import TrainingFailed
from digit_core.inference.litert import Classifier

_TOLERANCE = 1e-3  # of a logit; float rounding in another order of sums


def export_litert(model: keras.Model, path: Path, samples: np.ndarray) -> None:
    """Write `model` as LiteRT and check that it says the same of `samples`, float32 (n, 28, 28).

    Raises TrainingFailed if the two disagree.
    """
    with contextlib.redirect_stdout(io.StringIO()):  # the converter prints its graph
        model.export(path, format="litert", verbose=False)
    wanted = keras.ops.convert_to_numpy(model(samples[..., None], training=False))
    found = Classifier(path.read_bytes()).logits(samples)
    worst = float(np.abs(wanted - found).max() / max(1.0, np.abs(wanted).max()))
    if worst > _TOLERANCE:
        raise TrainingFailed(f"The exported model differs from the trained one by {worst:.2g} of a logit.")
