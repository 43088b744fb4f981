"""How a camera was held, from the EXIF notes of a picture.

Pillow reads all notes to find one, and each may name the same megabytes of the file.
"""

import struct

from PIL import ExifTags, Image

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


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """What turns a picture upright that Pillow has opened, or None if it is so already or does not say."""
    if image.format == "TIFF":
        orientation = image.tag_v2.get(ExifTags.Base.Orientation)
    else:
        exif = image.info.get("exif")
        orientation = exif_orientation(exif) if isinstance(exif, bytes) else None
    return _TURNS.get(orientation) if isinstance(orientation, int) else None


def exif_orientation(exif: bytes) -> int | None:
    """EXIF's orientation, usually 1 to 8, in a block of EXIF; None if it is not there or the block is damaged.

    EXIF 3.0, sections 4.5 and 4.6: a TIFF header, then entries of 12 bytes each.
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
    except struct.error:  # it ends before it should
        return None
    return None
