"""Data sets in the form that networks are trained and tested on: 28 x 28, normalised."""

from dataclasses import replace

import numpy as np

from digit_core.datasets.sources import Dataset, Report, load_digits, load_mnist
from digit_core.preprocessing.normalize import normalize, to_float


def load_dataset(name: str, report: Report | None = None) -> Dataset:
    """The data set of that name ("mnist" or "digits"), its images 28 x 28.

    `report` is called with the fraction downloaded. Raises DataUnavailable, DataDamaged or StorageError.
    """
    if name == "mnist":  # published in normal form
        return load_mnist(report)
    data = load_digits()
    return replace(data, x_train=_normalized(data.x_train), x_test=_normalized(data.x_test))


def _normalized(images: np.ndarray) -> np.ndarray:
    return np.stack([np.floor(normalize(image) * 255 + 0.5) for image in to_float(images)]).astype(np.uint8)
