"""The tilt of lines of writing, and the rotation that takes it out."""

import numpy as np

STEEPEST = 15.0  # degrees, the largest tilt that is found
_SHARPER = 1.12  # by how much rows are sharper at a tilt than without it
_SURE = 1.5  # from here on, also in a picture higher than wide
_COLUMN, _SLIM = 0.5, 0.15  # of the picture's height: an upright rule between columns; of its own: its width, tilted
_AGREE = 1.0  # degrees between rows and columns
_LONG = 1.8  # a line is at least this many times as wide as high, or its tilt is not known


def tilt_of(mask: np.ndarray) -> float:
    """The tilt of the lines in ink, bool (h, w): degrees, positive if they rise to the right, at most 15.

    0 where it cannot be told: of a single digit, or if no angle makes the rows much sharper.
    """
    columns = _columns(mask)
    y, x = np.nonzero(mask & (columns == 0))
    if not len(y) or np.ptp(x) < _LONG * 10 or len(y) < 20:
        return 0.0
    if len(y) > 20_000:
        step = len(y) // 20_000 + 1
        y, x = y[::step], x[::step]
    coarse = np.arange(-STEEPEST, STEEPEST + 0.5, 1.0)
    scores = np.array([_sharpness(y, x, angle) for angle in coarse])
    best = float(coarse[int(scores.argmax())])
    fine = np.arange(best - 0.75, best + 0.8, 0.25).clip(-STEEPEST, STEEPEST)
    sharp = np.array([_sharpness(y, x, angle) for angle in fine])
    best = float(fine[int(sharp.argmax())])
    if sharp.max() < _SHARPER * _sharpness(y, x, 0.0):
        return 0.0
    sine, cosine = np.sin(np.deg2rad(best)), np.cos(np.deg2rad(best))
    across, down = np.ptp(x * cosine - y * sine), np.ptp(y * cosine + x * sine)
    is_sure = across >= _LONG * down or sharp.max() >= _SURE * _sharpness(y, x, 0.0)
    return best if is_sure or _are_tilted(columns, best) else 0.0


def _columns(mask: np.ndarray) -> np.ndarray:
    """The rules between columns, each with its label, int (h, w), and 0 elsewhere.

    They have as much ink in each row, however they are tilted.
    """
    import cv2

    _, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    wide, high = boxes[:, 2], boxes[:, 3]
    is_rule = (high >= _COLUMN * len(mask)) & (wide <= _SLIM * high)
    is_rule[0] = False
    return np.where(is_rule[labels], labels, 0)


def _are_tilted(columns: np.ndarray, tilt: float) -> bool:
    """Whether two or more rules between columns are tilted as the rows are, in degrees."""
    tilts = []
    for label in np.unique(columns[columns > 0]):
        y, x = np.nonzero(columns == label)
        tilts.append(float(np.degrees(np.arctan(np.polyfit(y, x, 1)[0]))))
    return len(tilts) > 1 and abs(float(np.median(tilts)) - tilt) <= _AGREE


def _sharpness(y: np.ndarray, x: np.ndarray, angle: float) -> float:
    """How much the ink's rows differ at an angle in degrees: the mean square of the amount of ink in a row."""
    turn = np.deg2rad(angle)
    row = y * np.cos(turn) + x * np.sin(turn)
    count = np.bincount((row - row.min()).astype(int))
    return float((count.astype(float) ** 2).sum() / len(y))


def rotation(size: tuple[int, int], tilt: float) -> tuple[np.ndarray, tuple[int, int]]:
    """The map (2, 3) that takes out a tilt in degrees, and the size that holds all of the result."""
    turn = np.deg2rad(tilt)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    width, height = size
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ rotation.T
    low = corners.min(0)
    wide, high = np.ceil(corners.max(0) - low).astype(int)
    return np.hstack([rotation, -low[:, None]]), (int(wide), int(high))


def inverse(affine: np.ndarray) -> np.ndarray:
    """The affine map (2, 3) that undoes another."""
    back = np.linalg.inv(affine[:, :2])
    return np.hstack([back, -back @ affine[:, 2:]])
