"""Install MNIST from a file that a person has, where there is no network to download it.

The file may come from anywhere: nothing in it is unpickled, and no more is unpacked than MNIST takes.
"""

import hashlib
import io
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from digit_core.access.actors import Action, require
from digit_core.access.rate_limits import IMPORTS
from digit_core.datasets.sources import MNIST_DIGESTS, MNIST_URL
from digit_core.errors import DataDamaged
from digit_core.storage import paths
from digit_core.storage.files import write_bytes

_SHAPES = {"x_train": (60_000, 28, 28), "y_train": (60_000,), "x_test": (10_000, 28, 28), "y_test": (10_000,)}
_MOST_BYTES = 64_000_000  # of the file; uncompressed, MNIST takes 55 MB
_MOST_MEMBERS = 100  # an npz has one for each array
_HEADER = 4096  # bytes at most, before an array's pixels or labels
_REMEDY = f"Choose the mnist.npz that {MNIST_URL} offers."


def install_mnist(file: BinaryIO) -> Path:
    """Check that `file` is an `mnist.npz` with the arrays as published, keep a copy, and return its path.

    `file` is open for reading and can be rewound. Raises DataDamaged if it is anything else, NotPermitted,
    LimitReached or StorageError; what was installed before stays then.
    """
    require(Action.IMPORT)
    IMPORTS.count()
    file.seek(0)
    content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise _refused(f"it has more than {_MOST_BYTES // 1_000_000} MB")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if len(archive.infolist()) > _MOST_MEMBERS:
                raise _refused(f"it has {len(archive.infolist()):,} members instead of {len(_SHAPES)}")
            for name in _SHAPES:
                _check(name, archive)
    except KeyError as error:
        raise _refused(f"it lacks an array: {error.args[0]}") from None
    except zipfile.BadZipFile:
        raise _refused("it is not an npz file, or it is incomplete") from None
    except (ValueError, EOFError, zlib.error, NotImplementedError, RuntimeError, OSError) as error:
        # A header or a compression that numpy never writes, or a password.
        raise _refused(f"it cannot be read ({type(error).__name__})") from None
    target = paths.data_folder() / "mnist.npz"
    write_bytes(target, content)
    return target


def _check(name: str, archive: zipfile.ZipFile) -> None:
    """Raise DataDamaged unless the archive's array of that name is MNIST's."""
    shape = _SHAPES[name]
    size = int(np.prod(shape))
    member = archive.getinfo(f"{name}.npy")
    if member.file_size > size + _HEADER:
        raise _refused(f"{name} would take {member.file_size / 1e6:,.1f} MB instead of {size / 1e6:.1f} MB")
    with archive.open(member) as unpacked:
        array = io.BytesIO(unpacked.read(size + _HEADER))
    version = np.lib.format.read_magic(array)
    if version != (1, 0):
        raise _refused(f"{name} is stored in a version of the format that MNIST does not use")
    found, is_fortran, dtype = np.lib.format.read_array_header_1_0(array)
    if dtype != np.uint8 or found != shape or is_fortran:
        kind = "Python objects" if dtype.hasobject else f"{dtype} of shape {found}"
        raise _refused(f"{name} has {kind}, expected uint8 of shape {shape}")
    if hashlib.sha256(array.read()).hexdigest() != MNIST_DIGESTS[name]:
        raise _refused(f"{name} differs from the published one")


def _refused(reason: str) -> DataDamaged:
    return DataDamaged(f"This file is not MNIST as published: {reason}. {_REMEDY}")
