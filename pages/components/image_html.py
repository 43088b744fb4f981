"""Small grey pictures as HTML, without a round trip for each."""

import base64
import io

import numpy as np
from PIL import Image


def data_uri(image: np.ndarray) -> str:
    """A PNG in an address, from a uint8 or 0-to-1 float array (h, w); ink comes out white."""
    if image.dtype != np.uint8:
        image = np.floor(np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", compress_level=1)  # half the time, and they are small as they are
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def picture(image: np.ndarray, size: int, description: str) -> str:
    """An `<img>` of `size` pixels a side with a text alternative; pixels stay sharp when enlarged."""
    rendering = "pixelated" if max(image.shape) < size else "auto"
    return (
        f'<img src="{data_uri(image)}" alt="{description}" width="{size}" height="{size}" '
        f'style="image-rendering:{rendering};border-radius:6px;background:#000">'
    )
