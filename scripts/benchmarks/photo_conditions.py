"""Pictures of a number on a sheet as phones take them: what may lie on it, around it, and on its light."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

_PAPER, _INK = 215.0, 0.75  # brightness of paper, and how much darker ink is
_MARGIN = 150, 200  # pixels of paper above and below a number, and beside it
_GRAIN = 3.0  # standard deviation of the camera's noise

Scene = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def photograph(ink: np.ndarray, condition: str, rng: np.random.Generator) -> Image.Image:
    """A grey picture of ink, float (h, w), 0 to 1, on a sheet, under one of `CONDITIONS`."""
    scene = CONDITIONS[condition](ink, rng)
    noisy = scene + rng.normal(0, _GRAIN, scene.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def _sheet(ink: np.ndarray, *, dark: float = _INK, margin: tuple[int, int] = _MARGIN) -> np.ndarray:
    """The number on a sheet: float (h, w), 0 to 255."""
    above, beside = margin
    return _PAPER * (1 - dark * np.pad(ink, ((above, above), (beside, beside))))


def _grid(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The place of each pixel, from 0 to 1 down and across."""
    y, x = np.mgrid[: plane.shape[0], : plane.shape[1]]
    return y / plane.shape[0], x / plane.shape[1]


def _shadow(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    plane, angle = _sheet(ink), rng.uniform(0, np.pi)
    y, x = _grid(plane)
    away = (x - rng.uniform(0.35, 0.65)) * np.cos(angle) * plane.shape[1]
    away += (y - rng.uniform(0.4, 0.6)) * np.sin(angle) * plane.shape[0]
    return plane * (1 - rng.uniform(0.3, 0.6) / (1 + np.exp(-away / 4)))


def _bar_of_a_shadow(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    plane = _sheet(ink)
    _, x = _grid(plane)
    away = np.abs(x - rng.uniform(0.35, 0.65)) * plane.shape[1] - rng.uniform(70, 140)
    return plane * (1 - rng.uniform(0.3, 0.5) / (1 + np.exp(away / 4)))


def _falling_light(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    plane = _sheet(ink)
    return plane * np.linspace(1, 0.3, plane.shape[1])


def _spot_of_light(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    plane = _sheet(ink)
    y, x = _grid(plane)
    return plane * (0.35 + 0.85 * np.exp(-(((x - 0.6) / 0.35) ** 2) - ((y - 0.4) / 0.35) ** 2))


def _folds(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    plane = _sheet(ink)
    y, x = _grid(plane)
    for _ in range(3):
        angle, middle = rng.uniform(0, np.pi), rng.uniform(0.2, 0.8, 2)
        away = (x - middle[0]) * plane.shape[1] * np.cos(angle) + (y - middle[1]) * plane.shape[0] * np.sin(angle)
        plane = plane * (1 - 0.2 * np.exp(-((away / 6) ** 2))) * np.where(away > 0, 1, rng.uniform(0.85, 0.98))
    return plane


def _rules(ink: np.ndarray, step: int, thick: int, dark: float, *, squared: bool = False) -> np.ndarray:
    plane = _sheet(ink)
    for y in range(40, plane.shape[0], step):
        plane[y : y + thick] *= 1 - dark
    for x in range(30, plane.shape[1], step) if squared else ():
        plane[:, x : x + thick] *= 1 - dark
    return plane


def _on_a_table(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    plane = _sheet(ink)
    plane[:60] = plane[:, :80] = plane[-30:] = rng.uniform(30, 100)
    return plane


def _finger(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    plane = _sheet(ink)
    y, x = np.mgrid[: plane.shape[0], : plane.shape[1]]
    plane[((x - plane.shape[1]) / 90) ** 2 + ((y - 0.8 * plane.shape[0]) / 60) ** 2 < 1] = 120
    return plane


def _with_drawn(ink: np.ndarray, draw: Callable[[ImageDraw.ImageDraw, tuple[int, int, int, int]], None]) -> np.ndarray:
    """The sheet with what `draw` adds, given the box of the number."""
    sheet = Image.fromarray(_sheet(ink).astype(np.uint8))
    (above, beside), (high, wide) = _MARGIN, ink.shape
    draw(ImageDraw.Draw(sheet), (beside, above, beside + wide, above + high))
    return np.asarray(sheet, float)


def _underline(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return _with_drawn(
        ink, lambda draw, box: draw.line([(box[0], box[3] + 10), (box[2], box[3] + 4)], fill=50, width=7)
    )


def _frame(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return _with_drawn(
        ink,
        lambda draw, box: draw.line(
            [(box[0] - 25, box[1]), (box[2] + 20, box[1] - 8), (box[2] + 28, box[3] + 8), (box[0] - 20, box[3] + 20)]
            + [(box[0] - 25, box[1] + 10)],
            fill=50,
            width=7,
        ),
    )


def _box(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The printed box of a form, wider than the number."""
    return _with_drawn(
        ink,
        lambda draw, box: draw.rectangle((box[0] - 40, box[1] - 5, box[2] + 150, box[3] + 5), outline=60, width=3),
    )


def _corner(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The only number on a large sheet, in its upper left."""
    return _PAPER * (1 - _INK * np.pad(ink, ((60, 1800), (60, 1200))))


def _circle(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return _with_drawn(
        ink,
        lambda draw, box: draw.ellipse((box[0] - 85, box[1] - 15, box[2] + 85, box[3] + 15), outline=50, width=7),
    )


def _small_print(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    font = ImageFont.load_default(28)
    return _with_drawn(ink, lambda draw, box: draw.text((box[0], box[1] - 60), "Room number:", fill=40, font=font))


def _board(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return 255 - _sheet(ink, dark=0.6)


def _old_paper(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Browned paper with a few stains, and the ink of a dip pen, which runs out and is dipped again."""
    flow = np.clip(0.75 + 0.25 * _cloudy(ink.shape, 18, rng), 0.4, 1)
    plane = _sheet(ink * flow, dark=0.55, margin=(60, 60)) - 30
    plane += 10 * _cloudy(plane.shape, 120, rng) + 4 * _cloudy(plane.shape, 24, rng)
    y, x = _grid(plane)
    for _ in range(rng.integers(0, 4)):
        (down, across), radius = rng.uniform(0, 1, 2), rng.uniform(5, 25)
        away = np.hypot((y - down) * plane.shape[0], (x - across) * plane.shape[1]) / radius
        plane -= rng.uniform(10, 35) * np.exp(-(away**4))
    return ndimage.gaussian_filter(plane, 1.5)


def _cloudy(shape: tuple[int, int], size: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise of that size in pixels, with a standard deviation of 1."""
    coarse = ndimage.gaussian_filter(rng.normal(size=(shape[0] // 8 + 2, shape[1] // 8 + 2)), size / 8)
    noise = Image.fromarray((coarse / coarse.std()).astype(np.float32))
    return np.asarray(noise.resize(shape[::-1], Image.Resampling.BILINEAR))


def _column(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A cell of an old register: double rules on both sides, one above, one below."""
    plane = _old_paper(ink, rng)
    for x in (25, 33, plane.shape[1] - 30, plane.shape[1] - 22):
        plane[:, x : x + 3] *= 0.68
    for y in (30, plane.shape[0] - 35):
        plane[y : y + 3] *= 0.7
    return plane


CONDITIONS: dict[str, Scene] = {
    "plain": lambda ink, rng: _sheet(ink),
    "on a large sheet": lambda ink, rng: _sheet(ink, margin=(1000, 1300)),
    "faint pencil": lambda ink, rng: _sheet(ink, dark=0.15),
    "out of focus": lambda ink, rng: ndimage.gaussian_filter(_sheet(ink), 6),
    "tilted by 12°": lambda ink, rng: ndimage.rotate(_sheet(ink), 12, mode="nearest", order=1),
    "falling light": _falling_light,
    "spot of light": _spot_of_light,
    "shadow with a sharp edge": _shadow,
    "bar of a shadow": _bar_of_a_shadow,
    "folds": _folds,
    "ruled": lambda ink, rng: _rules(ink, 90, 3, 0.25),
    "ruled in bold": lambda ink, rng: _rules(ink, 80, 5, 0.5),
    "squared": lambda ink, rng: _rules(ink, 45, 2, 0.2, squared=True),
    "squared in bold": lambda ink, rng: _rules(ink, 45, 3, 0.45, squared=True),
    "squared, tilted by 4°": lambda ink, rng: ndimage.rotate(
        _rules(ink, 45, 2, 0.3, squared=True), 4, reshape=False, mode="nearest", order=1
    ),
    "old paper": _old_paper,
    "in a column of a register": _column,
    "on a table": _on_a_table,
    "finger at the edge": _finger,
    "underlined": _underline,
    "framed": _frame,
    "circled": _circle,
    "in the box of a form": _box,
    "in the corner of a large sheet": _corner,
    "small print above": _small_print,
    "chalk on a board": _board,
}
