"""Drawings for tests and benchmarks: strokes whose digit is obvious."""

import numpy as np
from PIL import Image, ImageDraw

SEVEN = [np.array([[40.0, 50.0], [160.0, 50.0], [80.0, 230.0]]), np.array([[70.0, 140.0], [150.0, 130.0]])]
FOUR = [np.array([[60.0, 40.0], [40.0, 150.0], [170.0, 150.0]]), np.array([[140.0, 60.0], [130.0, 240.0]])]


def paint(strokes, pen: int = 14, size: int = 280) -> np.ndarray:
    """Strokes (n, 2) painted as in a browser: uint8 (size, size), white on black."""
    image = Image.new("L", (size * 2, size * 2))
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        points = [tuple(p) for p in stroke * 2]
        draw.line(points, fill=255, width=pen * 2, joint="curve")
        for x, y in points:
            draw.ellipse((x - pen, y - pen, x + pen, y + pen), fill=255)
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
