"""Pictures from files of any origin."""

import stat
import warnings
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

from PIL import Image, UnidentifiedImageError

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
from digit_core.preprocessing.orientation import turn_of

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")  # of Pillow's forty, EPS among them, which is a program


def open_picture(file: str | Path | IO[bytes], name: str | None = None, enough: int | None = None) -> Image.Image:
    """Open and decode a picture file, and turn it as its camera was held. Of an animation it is the first frame.

    Parameters: `file`, a path or an open binary file that can be sought; `name`, what to call it in
    a message; `enough`, how many pixels a side will do: a larger picture is averaged down to at most
    that many, and a large JPEG takes much less time and memory.

    Without `enough` a picture comes at its full size, but for a JPEG that would take too much
    memory: it comes at a half, a quarter or an eighth.

    Raises InvalidImage if it is not there, not a picture of one of `FORMATS`, damaged, above 40
    megapixels (60 as JPEG) or 20,000 pixels a side, or would take more than 90 MB to decode (22
    megapixels in colour, 5 as WebP); and if the process is busy with so many other pictures that
    there is no room for this one within ten seconds.
    """
    name = name or str(file)
    try:
        with _opened(file, name) as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the limits are ours, and damage is not news
            return _decoded(MeteredFile(stream, name), name, enough)
    except FileNotFoundError:
        raise InvalidImage(f"There is no file {name}.") from None
    except IsADirectoryError:
        raise InvalidImage(f"{name} is a folder; name the pictures in it.") from None
    except UnidentifiedImageError:
        raise InvalidImage(f"{name} is not a picture that can be read; save it as PNG or JPEG.") from None
    except Image.DecompressionBombError:  # Pillow's own limit, which comes before the size is known here
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
        raise too_much_memory(name, "{} x {}".format(*full_size), needed)
    with BUDGET.reserved(needed):
        image.load()
        turn = turn_of(image)
        if enough and max(image.size) > enough:
            image = reduced(image, enough)
    return image if turn is None else image.transpose(turn)


def _opened(file: str | Path | IO[bytes], name: str) -> AbstractContextManager[IO[bytes]]:
    """An open file, as Pillow garbles turned TIFF files that it opens by their path (they are mapped to memory)."""
    if not isinstance(file, str | Path):
        return nullcontext(file)
    mode = Path(file).stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # opening a pipe waits until it is written to
        raise InvalidImage(f"{name} is not a file; name a picture.")
    return Path(file).open("rb")
