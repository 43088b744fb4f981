"""The training images that a network finds most like an image: nearest in its feature space.

The features are the input of the last dense layer, so images that are near each other there are
all but bound to be read alike; which ones they are says what a reading leans on (Papernot and
McDaniel 2018, "Deep k-Nearest Neighbors"). Those of all training images are computed once for a
network and kept on disk.
"""

import hashlib
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digit_core.datasets.sources import Dataset
from digit_core.errors import StorageError
from digit_core.inference.litert import FeatureClassifier
from digit_core.preprocessing.normalize import to_float
from digit_core.storage import paths
from digit_core.storage.files import storage_errors, write_parts

KEPT = 4  # networks whose features stay on disk; 250 MB for the largest
_BATCH = 100  # images at a time
_CHUNK = 1000  # rows of features at a time: 4 MB of float32 for 1,000 features
Report = Callable[[float], None]


@dataclass(frozen=True)
class Neighbour:
    """A training image: its index and label, and its distance in feature space (L2, in the network's own unit)."""

    index: int
    label: int
    distance: float


class Neighbours:
    """Finds training images near an image, for one model and data set."""

    def __init__(self, model: bytes, dataset: Dataset):
        """Raises DamagedRun, or NoFeatures if the model has none."""
        self._network = FeatureClassifier(model)
        self._dataset = dataset
        digest = hashlib.sha256(model + dataset.digest.encode()).hexdigest()
        self.path = paths.features_folder() / f"{digest[:32]}.npy"

    @property
    def ready(self) -> bool:
        """Whether the training images' features are on disk."""
        return self._stored() is not None

    def prepare(self, report: Report = lambda part: None) -> None:
        """Compute the training images' features and keep them; `report` gets the fraction done, 0 to 1.

        Raises StorageError, and then leaves nothing behind.
        """
        if self.ready:
            return
        write_parts(self.path, self._parts(report))
        _forget_old(self.path)

    def nearest(self, image: np.ndarray, count: int = 5) -> tuple[Neighbour, ...]:
        """The training images nearest to an image, float32 (28, 28), 0 to 1; the nearest first.

        Raises StorageError if their features have not been prepared or have gone since.
        """
        features = self._network.features(image[None])[0]
        try:
            squares = self._squared_distances(features)
        except (OSError, ValueError):
            raise StorageError(f"{self.path} is not there or not whole; prepare it first.") from None
        near = np.argsort(squares, kind="stable")[:count]
        labels = self._dataset.y_train
        return tuple(Neighbour(int(i), int(labels[i]), float(np.sqrt(squares[i]))) for i in near)

    def _squared_distances(self, features: np.ndarray) -> np.ndarray:
        """float32 (n,): from features (d,) to those of each training image."""
        stored = self._stored()
        if stored is None:
            raise FileNotFoundError
        (count, columns), squares = stored.shape, np.empty(len(stored), np.float32)
        for start in range(0, count, _CHUNK):
            # Read and not mapped: a map's pages would count as the app's memory, all 250 MB of them.
            rows = min(_CHUNK, count - start)
            begin = stored.offset + start * columns * stored.itemsize
            part = np.fromfile(self.path, stored.dtype, rows * columns, offset=begin)
            away = part.reshape(rows, columns).astype(np.float32) - features
            squares[start : start + rows] = np.einsum("nd,nd->n", away, away)
        return squares

    def _stored(self) -> np.memmap | None:
        """float16 (n, d), mapped and not read; None if it is not there or not whole."""
        try:
            stored = np.load(self.path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        is_ours = stored.dtype == np.float16 and stored.ndim == 2 and len(stored) == len(self._dataset.x_train)
        return stored if is_ours else None

    def _parts(self, report: Report) -> Iterator[bytes]:
        images = self._dataset.x_train
        for start in range(0, len(images), _BATCH):
            features = self._network.features(to_float(images[start : start + _BATCH]))
            if start == 0:
                yield _header(len(images), features.shape[1])
            # Half precision has no number above 65,504, and features are not bounded.
            yield np.clip(features, -65504, 65504).astype("<f2").tobytes()
            report(min(start + _BATCH, len(images)) / len(images))


def _header(rows: int, columns: int) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f2", "fortran_order": False, "shape": (rows, columns)})
    return file.getvalue()


def _forget_old(newest: Path) -> None:
    """Leave the KEPT newest files of features, and none that a process was killed over; raises StorageError."""
    with storage_errors(newest.parent):
        for half in newest.parent.glob(".*.npy.*"):
            if time.time() - half.stat().st_mtime > 3600:
                half.unlink(missing_ok=True)
        files = sorted(newest.parent.glob("*.npy"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in files[KEPT:]:
            old.unlink(missing_ok=True)
