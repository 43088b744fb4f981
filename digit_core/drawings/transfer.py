"""Labelled drawings as files: `.npz`, IDX (MNIST's own format) and a zip of PNG; written, and read again.

A file to import comes from a stranger: it is read by a process that can be stopped, within limits, and nothing
is unpickled.
Labels are 0 to 9, and 10 for "not a digit".
"""

import gzip
import io
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from digit_core.access.sandbox import Reply, Sandbox, Stopped
from digit_core.drawings.labelled import LABELS, NOT_A_DIGIT
from digit_core.errors import InvalidImport
from digit_core.preprocessing.decoding import PILLOW_ERRORS
from digit_core.storage.untrusted_zip import UntrustedZip, ZipLimits, untrusted_zip

MOST_DRAWINGS = 20_000  # in one import
MOST_BYTES = 100_000_000  # of a file, packed and unpacked
_SIDE = 28
_LARGEST_PNG = 8000  # bytes of a drawing
_LIMITS = ZipLimits(entries=MOST_DRAWINGS + 100, unpacked=MOST_BYTES)
_SANDBOX = Sandbox(seconds=20)  # for 20,000 PNG files
_IMAGES, _LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
_PNG_NAME = re.compile(r"(?:^|/)(not-a-digit|[0-9])/[^/]+\.png$", re.IGNORECASE)
_WANTED = (
    "Wanted: an .npz with images (n, 28, 28) and labels (n,); a zip with MNIST's two IDX files; or a zip of PNG files "
    "in folders named 0 to 9 or not-a-digit."
)


@dataclass(frozen=True)
class Collection:
    """Images, uint8 (n, 28, 28), ink is 255, with labels, int64 (n,), 0 to 10."""

    images: np.ndarray
    labels: np.ndarray


def as_npz(collection: Collection) -> bytes:
    """The arrays `images` and `labels`, for numpy."""
    file = io.BytesIO()
    np.savez_compressed(file, images=collection.images, labels=collection.labels.astype(np.uint8))
    return file.getvalue()


def as_idx(collection: Collection) -> bytes:
    """A zip with MNIST's two files, uncompressed."""
    count = len(collection.labels)
    images = struct.pack(">IIII", 0x803, count, _SIDE, _SIDE) + collection.images.tobytes()
    labels = struct.pack(">II", 0x801, count) + collection.labels.astype(np.uint8).tobytes()
    return _zip({_IMAGES: images, _LABELS: labels})


def as_png_zip(collection: Collection) -> bytes:
    """A zip of PNG files in folders named after the labels."""
    files = {}
    for number, (image, label) in enumerate(zip(collection.images, collection.labels.tolist(), strict=True)):
        file = io.BytesIO()
        Image.fromarray(image).save(file, "PNG")
        files[f"{'not-a-digit' if label == NOT_A_DIGIT else label}/{number:05}.png"] = file.getvalue()
    return _zip(files)


EXPORTS: dict[str, tuple[str, Callable[[Collection], bytes]]] = {
    "NumPy (.npz)": ("drawings.npz", as_npz),
    "IDX, as MNIST": ("drawings-idx.zip", as_idx),
    "PNG files": ("drawings-png.zip", as_png_zip),
}


def read(content: bytes) -> Collection:
    """The drawings in a file of one of the three kinds. Raises InvalidImport."""
    if len(content) > MOST_BYTES:
        raise InvalidImport(f"The file has {len(content) / 1e6:,.0f} MB, and at most {MOST_BYTES / 1e6:.0f} are read.")
    if not content.startswith(b"PK"):
        raise InvalidImport(f"The file cannot be read: it is neither an .npz nor a zip file. {_WANTED}")
    try:
        with untrusted_zip(io.BytesIO(content), _LIMITS) as archive:
            return _checked(*_from_zip(archive))
    except InvalidImport:
        raise
    except (zipfile.BadZipFile, *PILLOW_ERRORS, EOFError, zlib.error, tokenize.TokenError) as error:
        raise InvalidImport(f"The file cannot be read ({' '.join(str(error).split())[:100]}). {_WANTED}") from error


def read_untrusted(content: bytes) -> Collection:
    """As `read`, outside of this process. Raises InvalidImport, also if reading takes too much time or memory."""
    try:
        head, data = _SANDBOX.call(read_arrays, content)
    except Stopped as error:
        raise InvalidImport(f"The file was not imported. {error} {_WANTED}") from None
    count = head["drawings"]
    images = np.frombuffer(data, np.uint8, count * _SIDE**2).reshape(count, _SIDE, _SIDE)
    return Collection(images, np.frombuffer(data, np.uint8, offset=count * _SIDE**2).astype(np.int64))


def read_arrays(content: bytes) -> Reply:
    """What `read` returns, as bytes; runs in the sandbox."""
    collection = read(content)
    pixels, labels = collection.images.tobytes(), collection.labels.astype(np.uint8).tobytes()
    return {"drawings": len(collection.labels)}, pixels + labels


def _from_zip(archive: UntrustedZip) -> tuple[np.ndarray, np.ndarray]:
    members = archive.files
    if {"images.npy", "labels.npy"} <= members.keys():
        return _array(archive, "images.npy"), _array(archive, "labels.npy")
    idx = {kind: name for kind in (_IMAGES, _LABELS) for name in members if kind in name.replace(".idx", "-idx")}
    if len(idx) == 2:
        return _idx(archive.read(idx[_IMAGES]), 3), _idx(archive.read(idx[_LABELS]), 1)
    found = [(name, match[1].lower()) for name in sorted(members) if (match := _PNG_NAME.search(name))]
    if not found:
        raise InvalidImport(f"The file has no drawings that are known here. {_WANTED}")
    if len(found) > MOST_DRAWINGS:
        raise _too_many(len(found))
    labels = [NOT_A_DIGIT if folder == "not-a-digit" else int(folder) for _, folder in found]
    return np.stack([_png(archive.read(name, _LARGEST_PNG), name) for name, _ in found]), np.array(labels)


def _array(archive: UntrustedZip, name: str) -> np.ndarray:
    return np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)


def _idx(content: bytes, dimensions: int) -> np.ndarray:
    if content[:2] == b"\x1f\x8b":
        with gzip.open(io.BytesIO(content)) as file:
            content = file.read(MOST_BYTES)
    magic, *shape = struct.unpack(f">I{dimensions}I", content[: 4 + 4 * dimensions].ljust(4 + 4 * dimensions, b"\0"))
    if magic != 0x800 + dimensions:
        raise ValueError(f"an IDX file of bytes with {dimensions} dimensions begins otherwise")
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions)
    if values.size != int(np.prod([float(side) for side in shape])):
        raise ValueError("an IDX file has another size than its head says")
    return values.reshape(shape)


def _png(content: bytes, name: str) -> np.ndarray:
    with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
        if image.size != (_SIDE, _SIDE):
            raise ValueError(f"{name[:60]} has {image.width} × {image.height} pixels, and 28 × 28 are wanted")
        return np.asarray(image.convert("L"))


def _checked(images: np.ndarray, labels: np.ndarray) -> Collection:
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.ndim != 3 or images.shape[1:] != (_SIDE, _SIDE):
        raise InvalidImport(f"The images have the shape {images.shape}; (n, 28, 28) is wanted.")
    if len(images) > MOST_DRAWINGS:
        raise _too_many(len(images))
    if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
        raise InvalidImport(
            f"There are {len(images)} images, and labels of the shape {labels.shape} and the type {labels.dtype}: "
            "one whole number for each image is wanted."
        )
    if not len(images):
        raise InvalidImport("The file has no drawings.")
    if wrong := set(labels.tolist()) - set(LABELS):
        raise InvalidImport(f"Labels are 0 to 9, and 10 for “not a digit”; the file has {min(wrong)} too.")
    if images.dtype.kind == "f":
        if not (np.isfinite(images).all() and images.min() >= 0 and images.max() <= 1):
            raise InvalidImport("Images of real numbers have ink from 0 (paper) to 1 (ink); these have other values.")
        images = np.floor(images * 255 + 0.5)
    elif images.dtype != np.uint8:
        raise InvalidImport(f"Images are bytes, or real numbers from 0 to 1; these are {images.dtype}.")
    return Collection(images.astype(np.uint8), labels.astype(np.int64))


def _too_many(count: int) -> InvalidImport:
    return InvalidImport(f"The file has {count:,} drawings, and at most {MOST_DRAWINGS:,} can be read. Split it.")


def _zip(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()
