"""Pictures from files, whoever made them."""

import warnings
from pathlib import Path
from typing import IO

from PIL import Image, UnidentifiedImageError

from digit_core.errors import InvalidImage

_MOST_PIXELS = 120_000_000  # ten thousand by ten thousand, and some


def open_picture(file: str | Path | IO[bytes], name: str | None = None) -> Image.Image:
    """Open and decode a picture file.

    Parameters: `file`, a path or an open binary file; `name`, what to call it in a message.
    Raises InvalidImage if it is not there, not a picture, damaged, or too large.
    """
    name = name or str(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is ours
            image = Image.open(file)
            if image.width * image.height > _MOST_PIXELS:
                raise _too_large(name, f"{image.width} x {image.height}")
            image.load()
    except FileNotFoundError:
        raise InvalidImage(f"There is no file {name}.") from None
    except IsADirectoryError:
        raise InvalidImage(f"{name} is a folder; name the pictures in it.") from None
    except UnidentifiedImageError:
        raise InvalidImage(f"{name} is not a picture that can be read; save it as PNG or JPEG.") from None
    except Image.DecompressionBombError:  # Pillow's own limit, which comes before the size is known here
        raise _too_large(name, "hundreds of millions of") from None
    except (OSError, ValueError, SyntaxError) as error:
        raise InvalidImage(f"{name} cannot be read ({error}); save it as PNG or JPEG and try again.") from None
    return image


def _too_large(name: str, pixels: str) -> InvalidImage:
    return InvalidImage(f"{name} has {pixels} pixels; make it smaller, 2000 a side are plenty.")
