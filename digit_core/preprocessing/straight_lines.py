"""Take ruled lines and the sides of frames out of the small upright copy in which the layout is looked for.

Coarser than `ruled_lines`, which takes them out of the ink that is recognised: here only the parts matter, and that
digits on one line are not joined by it. A 1 or the stem of a digit is as straight as the side of a frame, and stays.
"""

import numpy as np

_RULE, _RULED = 0.12, 0.3  # of the width: ink that runs straight so far may be a ruled line, and is one from here on
_THICKEST = 0.12  # of a line's length
_WHOLE = 0.9  # of the picture's height: an upright line so long is no digit's
_BESIDE = 0.4  # of an upright line's length: lower parts do not tell how tall the digits beside it are
_SMALL, _MANY = 0.08, 6  # of an upright line's length: but if there are so many as high as this, they do
_LONGER, _FRAMED = 1.5, 1.1  # times as long as those digits is a rule, and what ends at level rules on both sides
_SPANS = 0.6  # of the picture's width: a level line so long is no bar of a digit
_BAR = 1.3  # times as long as its digit is high: longer is no bar
_INSIDE = 0.25  # of a frame's height: what it goes around is at least so high
_LOWEST_BOX, _SHARED = 12, 0.6  # pixels: no box is lower; of a level line's length: over its lower side
_NEAR_END = 6  # pixels from the ends of these lines to the sides of their box
_UNBROKEN, _BROADEST = 0.95, 3.0  # of a side's length, which is ink; times as broad as level lines
_ASIDE = 2  # pixels to the side of a rule: what is left of it
_AWAY = 0.05  # of the picture's height: where no digit comes so near to its edge, what touches it is none
_END = 0.12  # of an upright line's length


def without_rules(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ink, bool (h, w), without straight lines that run along a good part of it; and where these are."""
    import cv2

    ink = mask.astype(np.uint8)
    level = _without_bars(_straight(ink, across=True), ink)
    upright = _without_stems(_straight(ink, across=False), ink, level)
    rules = level | upright | _in_line_with(upright, ink) | _sides_of_boxes(level, ink)
    if not rules.any():
        return mask, np.zeros_like(mask)
    left = ink & ~rules & 1
    # What crossed a line, also at a slant, is joined again.
    gap = 2 * int(np.ceil(cv2.distanceTransform(rules, cv2.DIST_C, 3).max())) + 3
    window = np.ones((max(gap, 7), max(gap, 7)), np.uint8)
    joined = cv2.morphologyEx(left, cv2.MORPH_CLOSE, window)
    return (left | (joined & rules)) > 0, rules > 0


def upright_rules(rules: np.ndarray) -> list[float]:
    """The x of each upright rule that runs through all of a strip, bool (h, w), of where rules are."""
    through = np.pad(rules.sum(0) >= _WHOLE * len(rules), 1).astype(np.int8)
    steps = np.diff(through)
    return ((np.flatnonzero(steps > 0) + np.flatnonzero(steps < 0)) / 2).tolist()


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


def _without_bars(lines: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Level lines, uint8 (h, w), without those that may be the bar of a 4 or a 5: of a part as high, and no frame."""
    import cv2

    _, labels, boxes, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    _, parts, of_parts, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    left, top, wide, high, _ = of_parts[1:].T
    is_bar = np.zeros(len(boxes), bool)
    for line, (x, y, long, thick, _) in enumerate(boxes[1:], start=1):
        own = int(parts[y : y + thick, x : x + long].max()) - 1
        if long < min(_SPANS * ink.shape[1], _BAR * high[own]):
            inside = (left > left[own]) & (top > top[own]) & (high >= _INSIDE * high[own])
            inside &= (left + wide < left[own] + wide[own]) & (top + high < top[own] + high[own])
            is_bar[line] = not inside.any()
    return lines & ~is_bar[labels] & 1


def _in_line_with(rules: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """What else an upright rule has left where it is faint: uint8 (h, w), 1 in thin parts in the columns of `rules`."""
    import cv2

    columns = np.convolve(rules.any(0), np.ones(2 * _ASIDE + 1), "same") > 0
    if not columns.any():
        return np.zeros_like(ink)
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(ink & ~rules & 1, connectivity=8)
    outside = np.concatenate([[0], np.cumsum(~columns)])
    left, wide, high = boxes[:, 0], boxes[:, 2], boxes[:, 3]
    is_rest = (outside[left + wide] == outside[left]) & (high >= 2 * wide)
    is_rest[0] = False
    return is_rest[labels].astype(np.uint8)


def _sides_of_boxes(level: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """The sides of boxes: uint8 (h, w), 1 where ink runs from level line to level line, if it does at their ends."""
    import cv2

    boxes = cv2.connectedComponentsWithStats(level, connectivity=8)[2][1:]
    # A line that leans by a pixel fills a column of this.
    filled = cv2.dilate(ink, np.ones((1, 3), np.uint8))
    sides = np.zeros_like(ink)
    for x, y, long, thick, _ in boxes:
        below = [box for box in boxes if box[1] > y + thick + _LOWEST_BOX and _overlap(x, long, box) > _SHARED * long]
        if not below:
            continue
        next_x, bottom, next_long, *_ = min(below, key=lambda box: box[1])
        left, right = max(x, next_x), min(x + long, next_x + next_long)
        first, last = max(left - _NEAR_END, 0), right + _NEAR_END
        is_side = filled[y + thick : bottom, first:last].mean(0) > _UNBROKEN
        starts, ends = np.flatnonzero(np.diff(np.pad(is_side, 1).astype(np.int8))).reshape(-1, 2).T
        thin = ends - starts <= _BROADEST * thick + 2  # what is broader is ink
        starts, ends = starts[thin] + first, ends[thin] + first
        if len(starts) > 1 and starts[0] <= left + _NEAR_END and ends[-1] >= right - _NEAR_END:
            for start, end in zip(starts, ends, strict=True):
                sides[y + thick : bottom, start:end] = 1
    return sides & ink


def _overlap(x: int, long: int, box: np.ndarray) -> int:
    """How many columns of a level line are over another one."""
    return min(x + long, box[0] + box[2]) - max(x, box[0])


def _without_stems(lines: np.ndarray, ink: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Upright lines, uint8 (h, w), without those that may be a 1 or a stem, as long as the digits beside them."""
    import cv2

    _, labels, boxes, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    stats = cv2.connectedComponentsWithStats(ink & ~(lines | level) & 1, connectivity=8)[2][1:]
    others = stats[:, 3]
    large = stats[others >= _BESIDE * others.max(initial=1)]
    tops, feet = large[:, 1].min(initial=len(ink)), (large[:, 1] + large[:, 3]).max(initial=0)
    away = _AWAY * len(ink)
    edges = cv2.dilate(level, np.ones((9, 9), np.uint8))
    is_rule = np.zeros(len(boxes), bool)
    for line, (left, top, wide, high, _) in enumerate(boxes[1:], start=1):
        beside = others[others >= _BESIDE * high]
        if not len(beside) and (others >= _SMALL * high).sum() >= _MANY:  # lines of digits in a table
            beside = others[others >= _SMALL * high]
        digit = float(np.median(beside)) if len(beside) else None
        at_edge = (top <= 1 and tops > away) or (top + high >= len(ink) - 1 and feet < len(ink) - away)
        column, end = edges[top : top + high, left : left + wide], int(_END * high) + 1
        is_framed = column[:end].any() and column[-end:].any()
        is_rule[line] = (
            high >= _WHOLE * len(ink)
            or (is_framed and (digit is None or high >= _FRAMED * digit))
            or (digit is not None and (at_edge or high >= _LONGER * digit))
        )
    return is_rule[labels].astype(np.uint8)
