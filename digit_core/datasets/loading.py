"""Data sets in the form that a network is trained and tested on: 28 x 28, normalised."""

from dataclasses import dataclass

import numpy as np

from digit_core.datasets.sources import RawDataset, Report, load_raw
from digit_core.preprocessing.normalize import SIDE, normalize


@dataclass(frozen=True)
class Dataset:
    """Images uint8 (n, 28, 28), ink is 255; labels int64 (n,); `digest` of the data as it came."""

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    digest: str


def load_dataset(name: str, report: Report | None = None) -> Dataset:
    """A data set, normalised if it does not come so.

    `report` is called with the fraction fetched during a download.
    Raises DataUnavailable, DataDamaged or StorageError.
    """
    raw: RawDataset = load_raw(name, report)
    return Dataset(name, _normalized(raw.x_train), raw.y_train, _normalized(raw.x_test), raw.y_test, raw.digest)


def _normalized(images: np.ndarray) -> np.ndarray:
    if images.shape[1:] == (SIDE, SIDE):  # MNIST comes in normal form
        return images
    return np.stack([np.floor(normalize(image / 255) * 255 + 0.5) for image in images]).astype(np.uint8)
