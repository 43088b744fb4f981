"""Limits on the time and memory that decoding an untrusted picture may take.

A file of forty bytes can claim sixty million pixels, and one of a kilobyte tiles of 1.6 GB. So the
memory is estimated from the header, and reserved from a budget of the whole process, before decoding.
"""

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import numpy as np
from PIL import Image, ImageFile, PngImagePlugin

from digit_core.errors import InvalidImage

MOST_PIXELS = 40_000_000  # a sheet scanned at 600 dpi has 35 million
MOST_JPEG_PIXELS = 60_000_000  # most phones' largest photos have 50 million; they are decoded smaller
MOST_IN_MEMORY = 100_000_000  # pixels of a picture that is decoded already
LONGEST = 20_000  # pixels, longer side
MOST_MEMORY = 90_000_000  # bytes, while one picture is decoded
_AT_ONCE = 120_000_000  # bytes, while the whole process decodes
_PATIENCE = 10.0  # seconds that a picture waits for others
_LARGEST_FILE = 100_000_000  # bytes
_MOST_READS = 150_000  # of a file; Pillow takes long for millions of empty blocks
_MOST_HEADERS = 8_000_000  # bytes before the pixels begin
_BLOCK = 1_000_000  # bytes; a read of this size is not of a header
_MOST_SCANS = 32  # of a JPEG; a progressive one has about ten, and each goes over the whole picture

# What Pillow raises for damaged files.
# fmt: off
PILLOW_ERRORS = (
    Image.DecompressionBombError, OSError, ValueError, SyntaxError, RuntimeError, MemoryError, EOFError, TypeError,
    LookupError, ArithmeticError, AttributeError, AssertionError, struct.error,
)
# fmt: on

# Pillow's own limit for compressed text in a PNG is 64 MB, however small the picture.
PngImagePlugin.MAX_TEXT_MEMORY = 4_000_000


class MeteredFile:
    """A binary file for Pillow that raises InvalidImage when it is read too often or too much.

    Pillow reads headers and blocks one by one in Python. A damaged file can send it over the same
    bytes again and again, or through millions of empty blocks.
    """

    def __init__(self, file: IO[bytes], name: str):
        self._file, self._name = file, name
        self.seek, self.tell = file.seek, file.tell
        size = file.seek(0, 2)
        file.seek(0)
        if size > _LARGEST_FILE:
            raise InvalidImage(
                f"{name} has {size // 1_000_000} MB, and at most {_LARGEST_FILE // 1_000_000} can be read; "
                "make it smaller, 2,000 pixels a side is plenty."
            )
        self.size = size
        self._left = 2 * size + _BLOCK
        self._reads = self._headers = 0
        self.in_header = True

    def read(self, size: int = -1, /) -> bytes:
        """As of any file; raises InvalidImage beyond the limits."""
        content = self._file.read(size)
        self._reads += 1
        self._left -= len(content)
        if self.in_header and len(content) < _BLOCK:
            self._headers += len(content)
        if self._reads > _MOST_READS or self._left < 0 or self._headers > _MOST_HEADERS:
            raise InvalidImage(f"{self._name} is not built like a picture of a camera or a scanner; save it as PNG.")
        return content

    def count(self, pattern: bytes) -> int:
        """How often a few bytes occur in the whole file; its position stays."""
        place, found, tail = self._file.tell(), 0, b""
        self._file.seek(0)
        while block := self._file.read(_BLOCK):
            found += (tail + block).count(pattern)
            tail = block[1 - len(pattern) :]
        self._file.seek(place)
        return found


def check_size(image: Image.Image, file: MeteredFile, name: str) -> None:
    """Raise InvalidImage if an opened picture has too many pixels, a side too long, or too many JPEG scans."""
    if image.width * image.height > (MOST_JPEG_PIXELS if _is_jpeg(image) else MOST_PIXELS):
        raise too_large(name, f"{image.width:,} × {image.height:,}")
    if max(image.size) > LONGEST:
        raise too_long(name, max(image.size))
    if _is_jpeg(image) and file.count(b"\xff\xda") > _MOST_SCANS:
        raise InvalidImage(f"{name} is stored in more than {_MOST_SCANS} scans; save it as PNG.")


def check_picture(image: Image.Image | np.ndarray) -> None:
    """As `check_size`, for a picture in memory, or a file that Pillow has opened and not decoded. Raises InvalidImage.

    Files of strangers are opened with `image_files.open_picture`, whose limits are stricter.
    """
    width, height = image.size if isinstance(image, Image.Image) else image.shape[1::-1]
    name, pixels = "The picture", f"{width:,} × {height:,}"
    if width * height > MOST_IN_MEMORY:
        raise too_large(name, pixels)
    if max(width, height) > LONGEST:
        raise too_long(name, max(width, height))
    # Pillow closes a WebP once it is decoded; of other formats it forgets the tiles.
    if isinstance(image, ImageFile.ImageFile) and (image.tile or (image.format == "WEBP" and image.fp)):
        try:
            place = image.fp.tell()
            needed = memory_of(image, MeteredFile(image.fp, name), image.size)
            image.fp.seek(place)
        except PILLOW_ERRORS as error:
            raise InvalidImage(f"{name} cannot be read ({error}); save it as PNG or JPEG again.") from None
        if needed > MOST_MEMORY:
            raise too_much_memory(name, pixels, needed)


def too_long(name: str, side: int) -> InvalidImage:
    """The error for a picture with a side of that many pixels."""
    return InvalidImage(f"{name} is {side} pixels long, and at most {LONGEST} can be read; crop it.")


def too_much_memory(name: str, pixels: str, needed: int) -> InvalidImage:
    """The error for a picture of that many pixels, to decode which takes `needed` bytes."""
    return InvalidImage(
        f"{name}, {pixels} pixels, would take {needed // 1_000_000} MB to read, and at most "
        f"{MOST_MEMORY // 1_000_000} are allowed; make it smaller, 2,000 pixels a side is plenty."
    )


def too_large(name: str, pixels: str) -> InvalidImage:
    """The error for a picture of that many pixels."""
    return InvalidImage(f"{name} has {pixels} pixels; make it smaller, 2,000 a side is plenty.")


def memory_of(image: Image.Image, file: MeteredFile, full_size: tuple[int, int]) -> int:
    """Bytes that decoding an opened picture takes at most; `full_size` is its size before `draft`."""
    pixels = image.width * image.height
    plane = pixels * _bytes_a_pixel(image.mode)
    if image.format == "WEBP":  # two canvases, the frame and the picture
        return 16 * pixels
    if image.format == "TIFF" and (not image.tile or image.tile[0][0] != "raw"):
        return plane + file.size + _largest_part(image)  # libtiff holds the whole file and one unpacked part
    if image.format == "BMP" and image.tile and image.tile[0][0] == "bmp_rle":
        return 3 * plane
    if _is_jpeg(image) and ("progressive" in image.info or file.count(b"\xff\xda") > 1):
        return plane + _coefficients(image, full_size)
    return 2 * plane if image.format == "GIF" else plane


class Budget:
    """Memory shared by all threads of the process, in bytes."""

    def __init__(self, total: int):
        self._free = total
        self._changed = threading.Condition()

    @contextmanager
    def reserved(self, amount: int, patience: float = _PATIENCE) -> Iterator[None]:
        """Hold that many bytes, once they are free. Raises InvalidImage if they are not after `patience` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: amount <= self._free, patience):
                raise InvalidImage("Other large pictures are being processed; try again in a minute.")
            self._free -= amount
        try:
            yield
        finally:
            with self._changed:
                self._free += amount
                self._changed.notify_all()


BUDGET = Budget(_AT_ONCE)


def _is_jpeg(image: Image.Image) -> bool:
    return image.format in ("JPEG", "MPO")


def _bytes_a_pixel(mode: str) -> int:
    """In Pillow's memory, where three channels take as much as four."""
    return 1 if mode in ("1", "L", "P") else 2 if mode.startswith("I;16") else 4


def _coefficients(jpeg: Image.Image, full_size: tuple[int, int]) -> int:
    """Bytes of the coefficients of a JPEG with several scans: two each, at full size."""
    width, height = full_size
    shares = [across * down for _, across, down, _ in jpeg.layer]
    return 2 * width * height * sum(shares) // max(*shares, 1) if shares else 0


def _largest_part(tiff: Image.Image) -> int:
    """Bytes of a strip or tile of a TIFF by its header; it can be far larger than the picture."""
    tags = tiff.tag_v2
    rows = min(_number(tags.get(278, tiff.height)), tiff.height)  # RowsPerStrip
    width, length = (_number(tags.get(tag, 0)) for tag in (322, 323))  # TileWidth, TileLength
    samples, bits = _number(tags.get(277, 1)), _number(tags.get(258, 8))  # SamplesPerPixel, BitsPerSample
    return max(tiff.width * rows, width * length) * max(samples * bits // 8, 4)  # 4: some are unpacked to RGBA


def _number(value: object) -> int:
    """A tag's number, the largest of several. Raises ValueError for anything else."""
    numbers = value if isinstance(value, tuple) else (value,)
    if not numbers or not all(isinstance(number, int) for number in numbers):
        raise ValueError("a tag is not a whole number")
    return max(numbers)
