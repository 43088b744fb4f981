"""The data sets as published: MNIST, and scikit-learn's bundled digits.

MNIST is fetched with pooch when it is first needed, verified array by array (mnist.npz files with
the same arrays can differ) and kept. The digests are those of the original arrays.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock

from digit_core.access.actors import Action, require
from digit_core.datasets.splits import stratified_split
from digit_core.errors import DamagedRun, DataDamaged, DataUnavailable
from digit_core.storage import paths
from digit_core.storage.files import make_folder, storage_errors

TITLES: dict[str, str] = {"mnist": "MNIST", "digits": "scikit-learn digits"}
MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_DIGESTS = {
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}
_OVERRIDE_HINT = "If you have mnist.npz in a file, set DIGITS_MNIST to its path; the bundled digits need no download."
_DOWNLOAD_LOCK = ".download.lock"
Report = Callable[[float], None]


@dataclass(frozen=True)
class Dataset:
    """Images uint8 (n, h, w), ink is 255; labels int64 (n,), 0 to 9; `digest` of the data as published."""

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    digest: str

    def require_labels(self, labels: np.ndarray, run: str) -> None:
        """Raise DamagedRun if `labels`, those of a run's predictions, are not the test labels."""
        if not np.array_equal(labels, self.y_test):
            raise DamagedRun(f"The predictions of {run} are not about the test images on this machine.")


def is_available(name: str) -> bool:
    """Whether a data set can be loaded without a download; its file may still turn out to be damaged."""
    return name != "mnist" or mnist_file() is not None


def mnist_file() -> Path | None:
    """The MNIST file on this machine, or None; it may still turn out to be damaged."""
    if override := paths.mnist_override():
        return override
    downloaded = paths.data_folder() / "mnist.npz"
    return downloaded if downloaded.is_file() else None


def load_mnist(report: Report | None = None) -> Dataset:
    """MNIST: 60,000 training and 10,000 test images of 28 x 28, downloaded first if necessary.

    `report` is called with the fraction fetched (0 to 1) during a download.
    Raises DataUnavailable, DataDamaged or StorageError.
    """
    return _read_mnist(mnist_file() or fetch_mnist(report=report))


def fetch_mnist(url: str = MNIST_URL, report: Report | None = None) -> Path:
    """Download MNIST, check it, and return the file's path.

    Raises NotPermitted, DataUnavailable, DataDamaged (and deletes the file) or StorageError.
    """
    require(Action.IMPORT)
    import pooch
    import requests

    folder = make_folder(paths.data_folder())
    downloader = pooch.HTTPDownloader(progressbar=_Meter(report) if report else False)
    pooch.get_logger().setLevel("ERROR")
    with storage_errors(folder / "mnist.npz"), FileLock(folder / _DOWNLOAD_LOCK, thread_local=False):
        try:
            path = Path(pooch.retrieve(url, known_hash=None, fname="mnist.npz", path=folder, downloader=downloader))
        except requests.RequestException as error:  # an OSError, but not about the disk
            raise DataUnavailable(
                f"MNIST could not be fetched from {url} ({type(error).__name__}): is there a network? {_OVERRIDE_HINT}"
            ) from None
    _read_mnist(path)
    return path


def sweep_downloads() -> None:
    """Delete what downloads left behind whose process was killed; does nothing during a download."""
    folder = paths.data_folder()
    if not folder.is_dir():
        return
    with suppress(OSError), FileLock(folder / _DOWNLOAD_LOCK, timeout=0, thread_local=False):
        for path in folder.glob("tmp????????"):  # as pooch names what it downloads
            path.unlink(missing_ok=True)


def load_digits() -> Dataset:
    """scikit-learn's bundled digits: 1,797 images of 8 x 8, grey values 0 to 255.

    They are the test part of UCI's "Optical Recognition of Handwritten Digits" (Alpaydin and
    Kaynak, 1998). A fixed, stratified fifth is kept as the test set.
    """
    from sklearn import datasets

    images, labels = datasets.load_digits(return_X_y=True)
    images = np.floor(images.reshape(-1, 8, 8) * (255 / 16) + 0.5).astype(np.uint8)
    labels = labels.astype(np.int64)
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    train, test = stratified_split(labels, 0.2, seed=0)
    return Dataset("digits", images[train], labels[train], images[test], labels[test], digest)


def _read_mnist(path: Path) -> Dataset:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in MNIST_DIGESTS}
    except FileNotFoundError:
        raise DataUnavailable(f"There is no file {path}. Set DIGITS_MNIST to an mnist.npz, or unset it.") from None
    except OSError as error:  # too many open files, no permission: the file itself may be fine
        raise DataUnavailable(f"{path} cannot be read now: {error.strerror or error}. {_OVERRIDE_HINT}") from None
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise _damaged(path, f"it cannot be read as MNIST ({type(error).__name__})") from None
    for name, expected in MNIST_DIGESTS.items():
        found = hashlib.sha256(np.ascontiguousarray(arrays[name])).hexdigest()
        if found != expected:
            raise _damaged(path, f"the digest of {name} is {found}, expected {expected}")
    return Dataset(
        "mnist",
        arrays["x_train"],
        arrays["y_train"].astype(np.int64),
        arrays["x_test"],
        arrays["y_test"].astype(np.int64),
        hashlib.sha256(json.dumps(MNIST_DIGESTS).encode()).hexdigest(),
    )


def _damaged(path: Path, reason: str) -> DataDamaged:
    # A file named by DIGITS_MNIST is never deleted.
    if path != paths.mnist_override():
        path.unlink(missing_ok=True)
        remedy = f"The file was deleted; try again to fetch it anew. {_OVERRIDE_HINT}"
    else:
        remedy = "Set DIGITS_MNIST to an unaltered mnist.npz, or unset it to have MNIST fetched."
    return DataDamaged(f"{path} is not MNIST as published: {reason}. {remedy}")


class _Meter:
    """A progress bar with the part of tqdm's interface that pooch uses; reports a fraction."""

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
