"""Pictures of strangers: decoded in a process that can be stopped, with limits of memory and time."""

import io

from PIL import Image

from digit_core.access.rate_limits import PICTURES
from digit_core.access.sandbox import SANDBOX, Reply, Stopped
from digit_core.errors import InvalidImage
from digit_core.preprocessing.grayscale import LARGEST, reduced
from digit_core.preprocessing.image_files import open_picture

_LARGEST_FILE = 25_000_000  # bytes


def open_untrusted(content: bytes, name: str) -> Image.Image:
    """As `open_picture` with `enough` for a prediction, from a file's content, outside of this process.

    Raises InvalidImage, also for more than 25 MB or if decoding takes too long; and LimitReached for too
    many pictures in a short time.
    """
    if len(content) > _LARGEST_FILE:
        raise InvalidImage(
            f"{name} has {len(content) / 1e6:,.1f} MB, and at most {_LARGEST_FILE // 1_000_000} MB are read; "
            "make it smaller, 2,000 pixels a side is plenty."
        )
    PICTURES.count()
    try:
        head, pixels = SANDBOX.call(decode, content, name)
        return Image.frombytes(head["mode"], tuple(head["size"]), pixels)
    except Stopped as error:
        raise InvalidImage(f"{name} was not read. {error} Or save it as PNG or JPEG and try again.") from None


def decode(content: bytes, name: str) -> Reply:
    """A picture's mode, size and pixels; runs in the sandbox."""
    image = reduced(open_picture(io.BytesIO(content), name, enough=LARGEST), LARGEST)
    return {"mode": image.mode, "size": image.size}, image.tobytes()
