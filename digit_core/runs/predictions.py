"""The test-set predictions of a run, as stored in its `predictions.npz`."""

import io
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from digit_core.errors import DamagedRun
from digit_core.runs.json_files import read_file, unreadable
from digit_core.runs.schemas import CLASSES
from digit_core.storage.paths import display_path

_MAX_BYTES = 50_000_000  # also unpacked; the predictions for 10,000 images have 0.3 million


@dataclass(frozen=True)
class Predictions:
    """A run's predictions for each test image: `probabilities` float32 (n, 10), `labels` int64 (n,)."""

    probabilities: np.ndarray
    labels: np.ndarray

    @cached_property
    def predicted(self) -> np.ndarray:
        """The predicted digits, int64 (n,)."""
        return self.probabilities.argmax(1)


def read_predictions(path: Path) -> Predictions:
    """The content of an .npz file, checked: labels 0 to 9, probabilities 0 to 1. Raises DamagedRun."""
    content = io.BytesIO(read_file(path, _MAX_BYTES))
    if not zipfile.is_zipfile(content):  # NumPy would advise to unpickle it
        raise DamagedRun(f"{display_path(path)} cannot be read: it is not a complete .npz archive.")
    try:
        with zipfile.ZipFile(content) as archive:
            if sum(part.file_size for part in archive.infolist()) > _MAX_BYTES:
                raise ValueError(f"it unpacks to more than {_MAX_BYTES:,} bytes")
        with np.load(content, allow_pickle=False) as file:
            probabilities = file["probabilities"].astype(np.float32)
            labels = file["labels"]
    except Exception as error:  # noqa: BLE001 zipfile, zlib and NumPy each raise their own for a damaged archive
        raise unreadable(path, error) from None
    if problem := _problem(probabilities, labels):
        raise DamagedRun(f"{display_path(path)} cannot be used: {problem}.")
    return Predictions(probabilities, labels.astype(np.int64))


def _problem(probabilities: np.ndarray, labels: np.ndarray) -> str | None:
    """Why these are not valid test predictions, as the end of a sentence; None if they are."""
    if labels.ndim != 1 or not len(labels) or labels.dtype.kind not in "iu":
        return f"labels are {labels.dtype} of shape {labels.shape}, not whole numbers of shape (n,)"
    if probabilities.shape != (len(labels), CLASSES):
        return f"probabilities have the shape {probabilities.shape}, not ({len(labels)}, {CLASSES})"
    if labels.min() < 0 or labels.max() >= CLASSES:
        return f"labels go from {labels.min()} to {labels.max()}, not from 0 to {CLASSES - 1}"
    if not (np.isfinite(probabilities).all() and probabilities.min() >= 0 and (probabilities.sum(1) > 0).all()):
        return "probabilities are not numbers from 0 to 1"
    return None
