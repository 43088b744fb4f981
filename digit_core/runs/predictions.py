"""The test-set predictions of a run, as its `predictions.npz` keeps them."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digit_core.errors import DamagedRun
from digit_core.runs.json_files import read_small_file, unreadable
from digit_core.runs.schemas import CLASSES
from digit_core.storage.paths import display_path

_LARGEST = 50_000_000  # bytes, also unpacked; those of 10,000 images have 0.3 million


@dataclass(frozen=True)
class Predictions:
    """What a run said of each test image: `probabilities` float32 (n, 10), `labels` int64 (n,)."""

    probabilities: np.ndarray
    labels: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """The digit read, int64 (n,)."""
        return self.probabilities.argmax(1)


def read_predictions(path: Path) -> Predictions:
    """What an .npz file holds; its labels are 0 to 9, and its probabilities numbers. Raises DamagedRun."""
    try:
        content = io.BytesIO(read_small_file(path, _LARGEST))
    except OSError as error:
        raise unreadable(path, error) from None
    if not zipfile.is_zipfile(content):  # NumPy would advise to unpickle it
        raise DamagedRun(f"{display_path(path)} cannot be read: it is no whole .npz archive.")
    try:
        with zipfile.ZipFile(content) as archive:
            if sum(part.file_size for part in archive.infolist()) > _LARGEST:
                raise ValueError(f"it unpacks to more than {_LARGEST:,} bytes")
        with np.load(content, allow_pickle=False) as file:
            probabilities = file["probabilities"].astype(np.float32)
            labels = file["labels"]
    except Exception as error:  # noqa: BLE001 zipfile, zlib and NumPy each raise their own for a damaged archive
        raise unreadable(path, error) from None
    problem = _problem_of(probabilities, labels)
    if problem:
        raise DamagedRun(f"{display_path(path)} cannot be used: {problem}.")
    return Predictions(probabilities, labels.astype(np.int64))


def _problem_of(probabilities: np.ndarray, labels: np.ndarray) -> str | None:
    """Why these are no test predictions, as the end of a sentence; None if they are."""
    if labels.ndim != 1 or not len(labels) or labels.dtype.kind not in "iu":
        return f"labels are {labels.dtype} of shape {labels.shape}, not whole numbers of shape (n,)"
    if probabilities.shape != (len(labels), CLASSES):
        return f"probabilities have the shape {probabilities.shape}, not ({len(labels)}, {CLASSES})"
    if labels.min() < 0 or labels.max() >= CLASSES:
        return f"labels go from {labels.min()} to {labels.max()}, not from 0 to {CLASSES - 1}"
    if not (np.isfinite(probabilities).all() and probabilities.min() >= 0 and (probabilities.sum(1) > 0).all()):
        return "probabilities are not numbers from 0 to 1"
    return None
