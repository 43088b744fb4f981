"""Any picture -> one plane of brightness, small enough to work on.

Pictures can be bilevel, 8- or 16-bit grey, palette, RGB, CMYK, with transparency, from one pixel to a
hundred million; the result is always a float32 array (h, w), 0 to 1.
"""

import numpy as np
from PIL import Image

from digit_core.errors import InvalidImage
from digit_core.preprocessing.decoding import PILLOW_ERRORS, check_picture
from digit_core.preprocessing.normalize import to_float

LARGEST = 1200  # pixels, longer side; larger pictures are averaged down
_STRIP = 1_000_000  # pixels of a larger picture that are converted at a time
_OPAQUE = 0.5  # a picture with less coverage is ink on a transparent layer, not paper with holes


def to_grayscale(image: Image.Image | np.ndarray) -> np.ndarray:
    """The plane of a picture, float32 (h, w), 0 to 1, in which ink and paper differ most.

    `image`: a Pillow image of any mode, or a uint8 array (h, w), (h, w, 3) or (h, w, 4).
    Raises InvalidImage if it is neither, or above 100 megapixels or 20,000 pixels a side.
    """
    grey = grey_bytes(image)
    if grey is not None:
        return to_float(grey)
    colours = _colours(image)
    return colours / 255 if colours.ndim == 2 else _contrast_plane(colours)


def grey_bytes(image: Image.Image | np.ndarray) -> np.ndarray | None:
    """The pixels of a small grey picture as they are, uint8 (h, w), 255 times the plane; None for any other picture.

    Raises what `to_grayscale` does.
    """
    if isinstance(image, Image.Image) and image.mode == "L" and max(image.size) <= LARGEST:
        picture = reduced(_checked(image))
        return np.asarray(picture) if picture.mode == "L" else None  # else it has transparency
    is_grey = isinstance(image, np.ndarray) and image.ndim == 2 and image.dtype == np.uint8
    return image if is_grey and image.size > 0 and max(image.shape) <= LARGEST else None


def as_rgb(image: Image.Image | np.ndarray) -> Image.Image:
    """A picture as RGB to be shown, on its assumed paper. Takes and raises what `to_grayscale` does."""
    return Image.fromarray(np.rint(_colours(image)).astype(np.uint8)).convert("RGB")


def _colours(image: Image.Image | np.ndarray) -> np.ndarray:
    """A picture, opaque and not too large: float32 (h, w) or (h, w, 3), 0 to 255."""
    picture = reduced(_checked(image))
    if picture.mode in ("I", "F"):
        return _stretched(np.asarray(picture, dtype=np.float64))
    if picture.mode == "RGBA":
        return _flattened(np.asarray(picture))
    return np.asarray(picture, dtype=np.float32)


def box_in_original(box: tuple[int, int, int, int], image: Image.Image | np.ndarray) -> tuple[int, int, int, int]:
    """A box (left, top, right, bottom) on the plane that `to_grayscale` returns, on the original picture."""
    width, height = size_of(image)
    times = _times(width, height)
    left, top, right, bottom = (edge * times for edge in box)
    return left, top, min(right, width), min(bottom, height)


def _times(width: int, height: int, longest: int = LARGEST) -> int:
    """How many pixels a side of a picture are averaged to one."""
    return -(-max(width, height) // longest)


def _checked(image: Image.Image | np.ndarray) -> Image.Image | np.ndarray:
    if not isinstance(image, Image.Image | np.ndarray):
        raise InvalidImage(f"image must be a Pillow image or a uint8 array. Got {type(image).__name__}.")
    if isinstance(image, np.ndarray):
        fits = image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (3, 4))
        if image.dtype != np.uint8 or not fits or image.size == 0:
            raise InvalidImage(
                "image must be a uint8 array of shape (h, w), (h, w, 3) or (h, w, 4). "
                f"Got {image.dtype} of shape {image.shape}."
            )
    elif 0 in image.size:
        raise InvalidImage("The picture has no pixels. Choose another one.")
    check_picture(image)
    return image


def reduced(picture: Image.Image | np.ndarray, longest: int = LARGEST) -> Image.Image:
    """A picture as L, RGB, RGBA, I or F, with at most `longest` pixels a side.

    A large one is converted a strip at a time to save memory. Raises InvalidImage if Pillow cannot convert it.
    """
    try:
        times = _times(*size_of(picture), longest)
        return _averaged(picture, times) if times > 1 else _plain(_as_pillow(picture))
    except PILLOW_ERRORS as error:
        reason = str(error) or type(error).__name__
        raise InvalidImage(f"The picture cannot be converted ({reason}). Save it as PNG or JPEG again.") from None


def _averaged(picture: Image.Image | np.ndarray, times: int) -> Image.Image:
    wide, high = size_of(picture)
    rows = max(_STRIP // (wide * times), 1) * times
    result = None
    for top in range(0, high, rows):
        bottom = min(top + rows, high)
        is_array = isinstance(picture, np.ndarray)
        strip = _as_pillow(picture[top:bottom]) if is_array else picture.crop((0, top, wide, bottom))
        strip = _plain(strip).reduce(times)
        result = result or Image.new(strip.mode, (-(-wide // times), -(-high // times)))
        result.paste(strip, (0, top // times))
    return result


def _as_pillow(picture: Image.Image | np.ndarray) -> Image.Image:
    return picture if isinstance(picture, Image.Image) else Image.fromarray(np.ascontiguousarray(picture))


def size_of(image: Image.Image | np.ndarray) -> tuple[int, int]:
    """Width and height in pixels."""
    return image.size if isinstance(image, Image.Image) else image.shape[1::-1]


def _plain(picture: Image.Image) -> Image.Image:
    """A picture in a mode whose pixels can be averaged, unlike palette indices or hues."""
    if picture.mode == "La":  # Pillow converts it only to LA
        picture = picture.convert("LA")
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    if picture.mode.startswith("I;16"):
        return picture.convert("I")
    if picture.mode in ("I", "F"):
        picture.load()  # raises here if it is closed or its file is damaged
        return picture
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")


def _stretched(plane: np.ndarray) -> np.ndarray:
    """16- and 32-bit pictures use any part of their range: the darkest pixel becomes 0, the brightest 255."""
    plane = np.nan_to_num(plane, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(plane.min()), float(plane.max())
    return ((plane - low) / max(high - low, 1.0) * 255).astype(np.float32)


def _flattened(rgba: np.ndarray) -> np.ndarray:
    """RGBA, uint8 (h, w, 4), over a paper -> RGB, float32 (h, w, 3), 0 to 255.

    Ink on a transparent layer gets contrasting paper; a sheet with transparent corners gets its own
    colour there. Computed in place to save memory.
    """
    alpha = np.divide(rgba[..., 3], 255, dtype=np.float32)
    colour = rgba[..., :3].astype(np.float32)
    covered = float(alpha.mean())
    if covered == 1:
        return colour
    colour *= alpha[..., None]
    mean = colour.sum(axis=(0, 1)) / max(float(alpha.sum()), 1e-6)
    if covered >= _OPAQUE:
        paper = np.median(rgba[..., :3][alpha > 0.5], axis=0)
    else:
        paper = np.full(3, 255.0 if mean.mean() < 128 else 0.0)
    uncovered = np.subtract(1, alpha, out=alpha)
    for channel, level in enumerate(paper.astype(np.float32)):
        colour[..., channel] += level * uncovered
    return colour


def _contrast_plane(rgb: np.ndarray) -> np.ndarray:
    """RGB (h, w, 3), 0 to 255 -> its first principal component, float32 (h, w), 0 to 1.

    Yellow ink on white differs only in blue, which a mean of the channels would nearly lose.
    """
    pixels = rgb.reshape(-1, 3)  # all of them: a sample may contain no ink
    spread = pixels - pixels.mean(axis=0, dtype=np.float64).astype(np.float32)
    _, axes = np.linalg.eigh(spread.T @ spread)
    way = axes[:, -1] * (1 if axes[:, -1].sum() >= 0 else -1)
    reach = np.abs(way).sum() * 255
    offset = np.minimum(way, 0).sum() * 255
    return ((rgb @ way.astype(np.float32)) - np.float32(offset)) / np.float32(reach)
