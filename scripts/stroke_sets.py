"""Sets of pen strokes of real writers, as `../shared/drawn` keeps them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class WrittenDigit:
    """A digit, 0 to 9, who wrote it, and its strokes: float64 (n, 2), y down, its longer side 1."""

    label: int
    writer: str
    strokes: tuple[np.ndarray, ...]


def load_digits(path: Path) -> list[WrittenDigit]:
    """The digits of a stroke set; its letters and symbols are skipped.

    The file has `points` int (p, 2) in thousandths of a character's longer side, `stroke_ends` and
    `row_ends` where strokes and characters end, and `labels` and `writers` (n,).
    """
    with np.load(path, allow_pickle=False) as file:
        strokes = np.split(file["points"].astype(np.float64) / 1000, file["stroke_ends"][:-1])
        ends, labels, writers = file["row_ends"], file["labels"].tolist(), file["writers"].tolist()
    rows = zip(labels, writers, [0, *ends[:-1]], ends, strict=True)
    return [
        WrittenDigit(int(label), writer, tuple(strokes[first:last]))
        for label, writer, first, last in rows
        if label in set("0123456789")
    ]
