"""Open picture files from untrusted sources."""

import stat
import struct
import warnings
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Literal

from PIL import ExifTags, Image, UnidentifiedImageError

from digit_core.errors import InvalidImage
from digit_core.preprocessing.decoding import (
    BUDGET,
    MOST_MEMORY,
    PILLOW_ERRORS,
    MeteredFile,
    check_size,
    memory_of,
    too_large,
    too_much_memory,
)
from digit_core.preprocessing.grayscale import LARGEST, reduced

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")  # of Pillow's forty, some of which run programs, as EPS
FIRST_ONLY = {  # what to tell people whose file has `further_pictures`
    "frames": "An animation: only its first picture is recognised.",
    "pages": "The file has several pages: only the first is recognised. Save the others as files of their own.",
}
_HEADER = 4096  # bytes of a file in which it says that it is an animation
_NEW_SUBFILE_TYPE = 254  # a TIFF tag; its lowest bit marks a smaller copy of another picture
_BYTE_ORDERS = {b"II": "<", b"MM": ">"}
_MOST_ENTRIES = 1000
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_picture(file: str | Path | IO[bytes], name: str | None = None, enough: int | None = None) -> Image.Image:
    """Open a picture file, decode its first frame, and turn it upright by its EXIF orientation.

    `file`: a path or a seekable binary file; `name`: for messages; `enough`: pixels a side that
    suffice. A larger picture is averaged down to at most `enough`, which is much faster for a JPEG;
    without it, only a JPEG that would take too much memory is reduced, to a half, a quarter or an eighth.

    Raises InvalidImage if the file is missing, damaged, not of one of `FORMATS`, above 40 megapixels
    (60 as JPEG) or 20,000 pixels a side, or would take more than 90 MB to decode (22 megapixels in
    colour, 5 as WebP); and if other pictures leave no room for it within ten seconds.
    """
    name = name or str(file)
    try:
        with _opened(file, name) as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # limits are checked here, and damage raises
            return _decoded(MeteredFile(stream, name), name, enough)
    except FileNotFoundError:
        raise InvalidImage(f"There is no file {name}.") from None
    except IsADirectoryError:
        raise InvalidImage(f"{name} is a folder; name the pictures in it.") from None
    except UnidentifiedImageError:
        raise InvalidImage(f"{name} is not a picture that can be read; save it as PNG or JPEG.") from None
    except Image.DecompressionBombError:  # Pillow's own limit, before the size is known here
        raise too_large(name, "hundreds of millions of") from None
    except PILLOW_ERRORS as error:
        reason = str(error) or type(error).__name__
        raise InvalidImage(f"{name} cannot be read ({reason}); save it as PNG or JPEG and try again.") from None


def _decoded(file: MeteredFile, name: str, enough: int | None) -> Image.Image:
    image = Image.open(file, formats=FORMATS)
    file.in_header = False
    check_size(image, file, name)
    full_size = image.size
    if enough or memory_of(image, file, full_size) > MOST_MEMORY:
        image.draft(None, (enough or LARGEST,) * 2)
    needed = memory_of(image, file, full_size)
    if needed > MOST_MEMORY:
        raise too_much_memory(name, f"{full_size[0]:,} × {full_size[1]:,}", needed)
    with BUDGET.reserved(needed):
        image.load()
        turn = _turn_of(image)
        if enough and max(image.size) > enough:
            image = reduced(image, enough)
    return image if turn is None else image.transpose(turn)


def _opened(file: str | Path | IO[bytes], name: str) -> AbstractContextManager[IO[bytes]]:
    """An open file, since Pillow garbles rotated TIFF files that it opens by their path."""
    if not isinstance(file, str | Path):
        return nullcontext(file)
    mode = Path(file).stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # opening a pipe would block
        raise InvalidImage(f"{name} is not a file; name a picture.")
    return Path(file).open("rb")


def _turn_of(image: Image.Image) -> Image.Transpose | None:
    """The transposition that turns an opened picture upright; None if it needs none."""
    if image.format == "TIFF":
        orientation = image.tag_v2.get(ExifTags.Base.Orientation)
    else:
        exif = image.info.get("exif")
        orientation = exif_orientation(exif) if isinstance(exif, bytes) else None
    return _TURNS.get(orientation) if isinstance(orientation, int) else None


def further_pictures(file: IO[bytes]) -> Literal["frames", "pages"] | None:
    """What a seekable binary file has after its first picture, the one that is opened: `frames` of an animation (GIF,
    PNG or WebP), or `pages` (TIFF). None if nothing, or if the file is damaged. Nothing is decoded.
    """
    file.seek(0)
    start = file.read(_HEADER)
    if start[:2] in _BYTE_ORDERS and start[2:4] in (b"*\0", b"\0*"):
        return "pages" if _has_more_pages(file, _BYTE_ORDERS[start[:2]]) else None
    return "frames" if _is_animation(start) else None


def _is_animation(start: bytes) -> bool:
    """Whether the first 4 KB of a file say that it is an animation."""
    if start.startswith(b"GIF8"):
        return b"NETSCAPE2.0" in start or start.count(b"\x21\xf9\x04") > 1
    if start.startswith(b"\x89PNG"):
        return b"acTL" in start
    return start[:4] == b"RIFF" and start[12:16] == b"VP8X" and len(start) > 20 and bool(start[20] & 2)


def _has_more_pages(tiff: IO[bytes], order: str) -> bool:
    """Whether a TIFF file has a second picture that is no smaller copy of the first (TIFF 6.0, section 2)."""

    def number(place: int, form: str) -> int:
        tiff.seek(place)
        return struct.unpack(order + form, tiff.read(struct.calcsize(form)))[0]

    try:
        first = number(4, "I")
        second = number(first + 2 + 12 * number(first, "H"), "I")
        if not second:
            return False
        for entry in range(min(number(second, "H"), _MOST_ENTRIES)):
            place = second + 2 + 12 * entry
            if number(place, "H") == _NEW_SUBFILE_TYPE:
                return not number(place + 8, "I") & 1
    except struct.error:  # truncated
        return False
    return True


def exif_orientation(exif: bytes) -> int | None:
    """The orientation, usually 1 to 8, in a block of EXIF; None if it is missing or the block is damaged.

    EXIF 3.0, sections 4.5 and 4.6: a TIFF header, then entries of 12 bytes each. Pillow would parse all
    of them, and each may point to the same megabytes of the file.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order = _BYTE_ORDERS.get(exif[:2])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for entry in range(min(count, _MOST_ENTRIES)):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, start + 2 + 12 * entry)
            if tag == ExifTags.Base.Orientation:
                return value
    except struct.error:  # truncated
        pass
    return None
