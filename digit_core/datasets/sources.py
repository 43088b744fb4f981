"""The data sets as they come: MNIST, and scikit-learn's bundled digits.

MNIST is fetched with pooch when it is first needed, checked array by array (the same arrays
travel in several containers) and kept. The digests are those of the original files.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from digit_core.errors import DataDamaged, DataUnavailable
from digit_core.storage import paths
from digit_core.storage.files import make_folder, storage_errors

DataName = Literal["mnist", "digits"]
TITLES: dict[str, str] = {"mnist": "MNIST", "digits": "scikit-learn digits"}
MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_DIGESTS = {
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}
_OVERRIDE_HINT = "If you have mnist.npz in a file, set DIGITS_MNIST to its path; the bundled digits need neither."
Report = Callable[[float], None]


@dataclass(frozen=True)
class RawDataset:
    """Images as they come, uint8 (n, h, w), labels int64 (n,), and a digest over all of them."""

    name: DataName
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    digest: str


def load_raw(name: DataName, report: Report | None = None) -> RawDataset:
    """The data set of that name; `report` as in `load_mnist`, which see for what is raised."""
    return load_mnist(report) if name == "mnist" else load_digits()


def mnist_file() -> Path | None:
    """The MNIST file on this machine, or None; it may still turn out to be damaged."""
    at_hand = paths.mnist_override()
    if at_hand is not None:
        return at_hand
    kept = paths.data_folder() / "mnist.npz"
    return kept if kept.is_file() else None


def load_mnist(report: Report | None = None) -> RawDataset:
    """MNIST: 60,000 training and 10,000 test images of 28 x 28, fetched first if need be.

    `report` is called with the fraction fetched (0 to 1) during a download.
    Raises DataUnavailable, DataDamaged or StorageError.
    """
    path = mnist_file() or fetch_mnist(report=report)
    return _read_mnist(path, ours=paths.mnist_override() is None)


def fetch_mnist(url: str = MNIST_URL, report: Report | None = None) -> Path:
    """Download MNIST, check it, and return the file's path.

    Raises DataUnavailable, DataDamaged (and deletes the file) or StorageError.
    """
    import pooch
    import requests

    folder = make_folder(paths.data_folder())
    downloader = pooch.HTTPDownloader(progressbar=_Meter(report) if report else False)
    pooch.get_logger().setLevel("ERROR")
    with storage_errors(folder / "mnist.npz"):
        try:
            path = Path(pooch.retrieve(url, known_hash=None, fname="mnist.npz", path=folder, downloader=downloader))
        except requests.RequestException as error:  # an OSError too, but not one of the disk
            raise DataUnavailable(
                f"MNIST could not be fetched from {url} ({type(error).__name__}): is there a network? {_OVERRIDE_HINT}"
            ) from None
    _read_mnist(path, ours=True)
    return path


def load_digits() -> RawDataset:
    """scikit-learn's bundled digits: 1,797 images of 8 x 8, grey values 0 to 255.

    They are the test part of UCI's "Optical Recognition of Handwritten Digits" (Alpaydin and
    Kaynak, 1998). A fixed, stratified fifth is kept as the test set.
    """
    from sklearn import datasets

    images, labels = datasets.load_digits(return_X_y=True)
    images = np.floor(images.reshape(-1, 8, 8) * (255 / 16) + 0.5).astype(np.uint8)
    labels = labels.astype(np.int64)
    train, test = stratified_split(labels, 0.2, seed=0)
    return RawDataset("digits", images[train], labels[train], images[test], labels[test], _digest([images, labels]))


def stratified_split(labels: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted indices of the two parts; the second holds `fraction` of each class, at least one each.

    Raises ValueError if a class has fewer than two members.
    """
    rng = np.random.default_rng(seed)
    held_out = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) < 2:
            raise ValueError(f"class {label} has {len(members)} member; a split needs at least 2 of each")
        count = min(max(int(len(members) * fraction + 0.5), 1), len(members) - 1)
        held_out.append(rng.permutation(members)[:count])
    second = np.sort(np.concatenate(held_out))
    return np.setdiff1d(np.arange(len(labels)), second), second


def _read_mnist(path: Path, *, ours: bool) -> RawDataset:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in MNIST_DIGESTS}
    except FileNotFoundError:
        raise DataUnavailable(f"There is no file {path}. Set DIGITS_MNIST to an mnist.npz, or unset it.") from None
    except OSError as error:  # too many open files, no permission, a broken disk: nothing against the file
        raise DataUnavailable(f"{path} cannot be read now: {error.strerror or error}. {_OVERRIDE_HINT}") from None
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise _reject(path, ours, f"it cannot be read as MNIST ({type(error).__name__})") from None
    for name, expected in MNIST_DIGESTS.items():
        found = hashlib.sha256(np.ascontiguousarray(arrays[name])).hexdigest()
        if found != expected:
            raise _reject(path, ours, f"the digest of {name} is {found}, expected {expected}")
    return RawDataset(
        "mnist",
        arrays["x_train"],
        arrays["y_train"].astype(np.int64),
        arrays["x_test"],
        arrays["y_test"].astype(np.int64),
        hashlib.sha256(json.dumps(MNIST_DIGESTS).encode()).hexdigest(),
    )


def _reject(path: Path, ours: bool, why: str) -> DataDamaged:
    # Only a file that we fetched is ours to delete; one that DIGITS_MNIST names is its owner's.
    if ours:
        path.unlink(missing_ok=True)
        remedy = f"The file was deleted; try again to fetch it anew. {_OVERRIDE_HINT}"
    else:
        remedy = "Set DIGITS_MNIST to an unaltered mnist.npz, or unset it to have MNIST fetched."
    return DataDamaged(f"{path} is not MNIST as published: {why}. {remedy}")


def _digest(arrays: list[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


class _Meter:
    """What pooch wants of a progress bar (as tqdm has it), passed on as a fraction."""

    def __init__(self, report: Report):
        self._report = report
        self._done = 0
        self.total = 0

    def update(self, count: int) -> None:
        self._done += count
        if self.total:
            self._report(min(self._done / self.total, 1.0))

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        self._report(1.0)
