"""Pictures from files, whoever made them."""

import struct
import warnings
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import IO

from PIL import Image, ImageOps, UnidentifiedImageError

from digit_core.errors import InvalidImage

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")  # of Pillow's forty, EPS among them, which is a program
_MOST_PIXELS = 60_000_000  # the largest photos of most phones have 50 million, a sheet scanned at 600 dpi has 35
# What Pillow raises when a file is not as its format says.
_DAMAGED = (
    OSError,
    ValueError,
    SyntaxError,
    RuntimeError,
    MemoryError,
    EOFError,
    TypeError,
    LookupError,
    ArithmeticError,
    struct.error,
)


def open_picture(file: str | Path | IO[bytes], name: str | None = None, enough: int | None = None) -> Image.Image:
    """Open and decode a picture file, and turn it as its camera was held.

    Parameters: `file`, a path or an open binary file; `name`, what to call it in a message;
    `enough`, how many pixels a side will do: a large JPEG then comes at a half, a quarter or an
    eighth of its size, but not below, in that much less time and memory.
    Raises InvalidImage if it is not there, not a picture of one of `FORMATS`, damaged, or above 60 megapixels.
    """
    name = name or str(file)
    try:
        with _opened(file) as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is ours
            image = Image.open(stream, formats=FORMATS)
            if image.width * image.height > _MOST_PIXELS:
                raise _too_large(name, f"{image.width} x {image.height}")
            if enough:
                image.draft(None, (enough, enough))
            image.load()
            _turn_upright(image)
    except FileNotFoundError:
        raise InvalidImage(f"There is no file {name}.") from None
    except IsADirectoryError:
        raise InvalidImage(f"{name} is a folder; name the pictures in it.") from None
    except UnidentifiedImageError:
        raise InvalidImage(f"{name} is not a picture that can be read; save it as PNG or JPEG.") from None
    except Image.DecompressionBombError:  # Pillow's own limit, which comes before the size is known here
        raise _too_large(name, "hundreds of millions of") from None
    except _DAMAGED as error:
        reason = str(error) or type(error).__name__
        raise InvalidImage(f"{name} cannot be read ({reason}); save it as PNG or JPEG and try again.") from None
    return image


def _opened(file: str | Path | IO[bytes]) -> AbstractContextManager[IO[bytes]]:
    """An open file, as Pillow garbles turned TIFF files that it opens by their path (they are mapped to memory)."""
    return Path(file).open("rb") if isinstance(file, str | Path) else nullcontext(file)


def _turn_upright(image: Image.Image) -> None:
    """Phones store every photo as the sensor lies, and beside it how the phone was held (EXIF's orientation)."""
    with suppress(*_DAMAGED):  # damaged notes do not spoil the picture
        ImageOps.exif_transpose(image, in_place=True)


def _too_large(name: str, pixels: str) -> InvalidImage:
    return InvalidImage(f"{name} has {pixels} pixels; make it smaller, 2000 a side are plenty.")
