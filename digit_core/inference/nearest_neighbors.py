"""The training images nearest to an image in a network's feature space.

The features are the input of the last dense layer. The nearest neighbours there show which training
images a prediction rests on (Papernot and McDaniel 2018, "Deep k-Nearest Neighbors"). Those of all
training images are computed once for each network and kept on disk.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Neighbour:
    """A training image: its index and label, and its L2 distance in feature space."""

    index: int
    label: int
    distance: float


class Neighbours:
    """Finds the nearest training images, for one model and data set. Its features are in the file `path`."""

    def __init__(self, model: bytes, dataset: Dataset, *, threads: int = 1):
        """`threads`: of the network. Raises DamagedRun, or NoFeatures if the model has none."""
        self._network = FeatureClassifier(model, threads)
        self._dataset = dataset
        digest = hashlib.sha256(model + dataset.digest.encode()).hexdigest()
        self.path = paths.features_folder() / f"{digest[:32]}.npy"

    @property
    def ready(self) -> bool:
        """Whether the training images' features are on disk."""
        return self._stored() is not None

    def prepare(self, report: Callable[[float], None] = lambda fraction: None) -> None:
        """Compute and save the training images' features; `report` gets the fraction done, 0 to 1.

        Raises StorageError, and then leaves no file behind.
        """
        if not self.ready:
            write_parts(self.path, self._parts(report))
            self._delete_old()

    def nearest(self, image: np.ndarray, count: int = 5) -> tuple[Neighbour, ...]:
        """The `count` training images nearest to an image, float32 (28, 28), 0 to 1; the nearest first.

        Raises StorageError if the features are missing or damaged.
        """
        features = self._network.features(image[None])[0]
        try:
            squares = self._squared_distances(features)
        except (OSError, ValueError):
            raise StorageError(f"{self.path} is missing or damaged; prepare it first.") from None
        labels = self._dataset.y_train
        nearest = np.argsort(squares, kind="stable")[:count]
        return tuple(Neighbour(int(i), int(labels[i]), float(np.sqrt(squares[i]))) for i in nearest)

    def _squared_distances(self, features: np.ndarray) -> np.ndarray:
        """float32 (n,): from features (d,) to those of each training image."""
        stored = self._stored()
        if stored is None:
            raise FileNotFoundError
        parts = []
        # Read, not mapped: the pages of a map would count as the app's memory, up to 250 MB.
        with self.path.open("rb") as file:
            file.seek(stored.offset)
            for start in range(0, len(stored), _CHUNK):
                part = np.fromfile(file, stored.dtype, stored[start : start + _CHUNK].size)
                difference = part.reshape(-1, stored.shape[1]).astype(np.float32) - features
                parts.append(np.einsum("nd,nd->n", difference, difference))
        return np.concatenate(parts)

    def _stored(self) -> np.memmap | None:
        """The features, float16 (n, d), mapped but not read; None if they are missing or damaged."""
        try:
            stored = np.load(self.path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        fits = stored.dtype == np.float16 and stored.ndim == 2 and len(stored) == len(self._dataset.x_train)
        return stored if fits else None

    def _parts(self, report: Callable[[float], None]) -> Iterator[bytes]:
        """The content of the .npy file: its header, then the features batch by batch."""
        images = self._dataset.x_train
        for start in range(0, len(images), _BATCH):
            features = self._network.features(to_float(images[start : start + _BATCH]))
            if start == 0:
                header, shape = io.BytesIO(), (len(images), features.shape[1])
                np.lib.format.write_array_header_1_0(header, {"descr": "<f2", "fortran_order": False, "shape": shape})
                yield header.getvalue()
            # The largest float16 is 65,504, and features are not bounded.
            yield np.clip(features, -65504, 65504).astype("<f2").tobytes()
            report(min(start + _BATCH, len(images)) / len(images))

    def _delete_old(self) -> None:
        """Keep the newest files; raises StorageError."""
        folder = self.path.parent
        with storage_errors(folder):
            newest_first = sorted(folder.glob("*.npy"), key=lambda path: path.stat().st_mtime, reverse=True)
            for path in newest_first[KEPT:]:
                path.unlink(missing_ok=True)
