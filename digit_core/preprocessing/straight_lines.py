"""Take ruled lines and the sides of frames out of the small upright copy in which the layout is looked for.

Coarser than `ruled_lines`, which takes them out of the ink that is recognised: here only the parts matter, and that
digits on one line are not joined by it. A 1 or the stem of a digit is as straight as the side of a frame, and stays.
"""

import numpy as np

_RULE, _RULED = 0.12, 0.3  # of the width: ink that runs straight so far may be a ruled line, and is one from here on
_THICKEST = 0.12  # of a line's length
_WHOLE = 0.9  # of the picture's height: an upright line so long is no digit's
_BESIDE = 0.4  # of an upright line's length: lower parts do not tell how tall the digits beside it are
_LONGER, _FRAMED = 1.3, 1.1  # times as long as those digits is a rule, and what ends at level rules on both sides
_END = 0.12  # of an upright line's length


def without_rules(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ink, bool (h, w), without straight lines that run along a good part of it; and where these are."""
    import cv2

    ink = mask.astype(np.uint8)
    level = _straight(ink, across=True)
    rules = level | _without_stems(_straight(ink, across=False), ink, level)
    if not rules.any():
        return mask, np.zeros_like(mask)
    left = ink & ~rules & 1
    # What crossed a line, also at a slant, is joined again.
    gap = 2 * int(np.ceil(cv2.distanceTransform(rules, cv2.DIST_C, 3).max())) + 3
    window = np.ones((max(gap, 7), max(gap, 7)), np.uint8)
    joined = cv2.morphologyEx(left, cv2.MORPH_CLOSE, window)
    return (left | (joined & rules)) > 0, rules > 0


def _straight(ink: np.ndarray, *, across: bool) -> np.ndarray:
    """Long straight lines across a picture, or down it: uint8 (h, w), 1 where they are."""
    import cv2

    side = ink.shape[1] if across else ink.shape[0]
    length = max(int(_RULE * side), 15)
    kernel = np.ones((1, length) if across else (length, 1), np.uint8)
    runs = cv2.morphologyEx(ink, cv2.MORPH_OPEN, kernel)
    joined = cv2.dilate(runs, np.ones((3, 9) if across else (9, 3), np.uint8))
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    long, thick = boxes[:, 2:4].T if across else boxes[:, 3:1:-1].T
    is_line = (long >= _RULED * side) & (thick <= _THICKEST * long)
    is_line[0] = False
    return is_line[labels].astype(np.uint8)


def _without_stems(lines: np.ndarray, ink: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Upright lines, uint8 (h, w), without those that may be a 1 or a stem, as long as the digits beside them."""
    import cv2

    _, labels, boxes, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    others = cv2.connectedComponentsWithStats(ink & ~(lines | level) & 1, connectivity=8)[2][1:, 3]
    edges = cv2.dilate(level, np.ones((9, 9), np.uint8))
    is_rule = np.zeros(len(boxes), bool)
    for line, (left, top, wide, high, _) in enumerate(boxes[1:], start=1):
        beside = others[others >= _BESIDE * high]
        digit = float(np.median(beside)) if len(beside) else None
        column, end = edges[top : top + high, left : left + wide], int(_END * high) + 1
        is_framed = column[:end].any() and column[-end:].any()
        is_rule[line] = (
            high >= _WHOLE * len(ink)
            or (is_framed and (digit is None or high >= _FRAMED * digit))
            or (digit is not None and high >= _LONGER * digit)
        )
    return is_rule[labels].astype(np.uint8)
