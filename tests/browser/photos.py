"""Digits as strokes, and a photo of them: an uneven pen on ruled paper, light falling off, noise, the sheet turned."""

import numpy as np
from PIL import Image, ImageDraw


def _arc(x: float, y: float, width: float, height: float, start: float, end: float) -> np.ndarray:
    """Points on an ellipse; angles in turns, from the right, clockwise on a picture."""
    turn = 2 * np.pi * np.linspace(start, end, 20)
    return np.stack([x + width * np.cos(turn), y + height * np.sin(turn)], 1)


def _line(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, float)


# In a box of 1 by 1.6.
DIGITS = {
    "0": [_arc(0.5, 0.8, 0.42, 0.75, -0.25, 0.75)],
    "1": [_line((0.5, 0.05), (0.5, 1.55))],
    "2": [np.concatenate([_arc(0.5, 0.45, 0.38, 0.4, 0.55, 1.08), _line((0.1, 1.5), (0.92, 1.5))])],
    "3": [np.concatenate([_arc(0.45, 0.42, 0.36, 0.36, 0.6, 1.2), _arc(0.45, 1.15, 0.42, 0.38, 0.8, 1.4)])],
    "4": [_line((0.45, 0.05), (0.1, 0.95), (0.95, 0.95)), _line((0.7, 0.45), (0.66, 1.55))],
    "5": [np.concatenate([_line((0.85, 0.08), (0.25, 0.08), (0.2, 0.68)), _arc(0.45, 1.05, 0.42, 0.45, 0.72, 1.4)])],
    "6": [np.concatenate([_line((0.75, 0.05), (0.35, 0.55)), _arc(0.5, 1.1, 0.36, 0.42, 0.55, 1.5)])],
    "7": [_line((0.1, 0.1), (0.9, 0.1), (0.4, 1.55))],
    "8": [np.concatenate([_arc(0.5, 0.42, 0.32, 0.36, 0.25, -0.75), _arc(0.5, 1.16, 0.4, 0.4, -0.25, 0.75)])],
    "9": [np.concatenate([_arc(0.48, 0.45, 0.36, 0.4, 0, -1), _line((0.84, 0.45), (0.8, 1.0), (0.62, 1.55))])],
}


def strokes(text: str, left: float, top: float, size: float, gap: float = 0.45) -> list[np.ndarray]:
    """The strokes of a number, each (n, 2); `size`: pixels, the width of a digit's box."""
    step = (1 + gap) * size
    return [stroke * size + (left + place * step, top) for place, digit in enumerate(text) for stroke in DIGITS[digit]]


def photo(lines: list[str], angle: float = 7) -> Image.Image:
    """A sheet with a number on each line, turned by so many degrees: RGB, 1200 × 900 pixels."""
    rng = np.random.default_rng(3)
    sheet = Image.new("L", (1200, 900), 235)
    draw = ImageDraw.Draw(sheet)
    for y in range(60, 900, 70):
        draw.line((0, y, 1200, y), fill=185, width=2)
    for number, text in enumerate(lines):
        for stroke in strokes(text, 250, 230 + 260 * number, 85):
            _pen(draw, stroke)
    sheet = sheet.rotate(angle, Image.Resampling.BICUBIC, fillcolor=235)
    grey = np.asarray(sheet, np.float32)
    across, down = np.meshgrid(np.linspace(0, 1, 1200), np.linspace(0, 1, 900))
    grey = grey * (1 - 0.35 * across - 0.2 * down * down) + rng.normal(0, 5, grey.shape)
    paper = np.array([1.0, 0.98, 0.93])  # warm light
    return Image.fromarray(np.clip(grey[..., None] * paper, 0, 255).astype(np.uint8))


def _pen(draw: ImageDraw.ImageDraw, stroke: np.ndarray) -> None:
    """A stroke that begins and ends thin."""
    along = np.r_[0, np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))]
    places = np.linspace(0, along[-1], int(along[-1] * 2))
    points = np.stack([np.interp(places, along, stroke[:, axis]) for axis in (0, 1)], 1)
    for share, (x, y) in zip(places / along[-1], points, strict=True):
        radius = 2.5 + 3.5 * np.sin(np.pi * share) ** 0.7
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=60)
