"""Find the lines of digits on a picture, take out their tilt, and return the ink of each by itself.

The layout is looked for in a small copy: the tilt is the angle at which the ink falls into the
sharpest rows (Postl 1986), ruled lines are taken out, and parts whose heights overlap share a line.
Each line is then cut out of the picture upright, and its ink is found by itself.
"""

from functools import cached_property

import numpy as np
from PIL import Image

from digit_core.errors import InvalidImage, NoInk
from digit_core.preprocessing.frames import are_frames
from digit_core.preprocessing.grayscale import LARGEST, box_in_original, size_of, to_grayscale
from digit_core.preprocessing.ink import find_line_ink
from digit_core.preprocessing.segmentation import SEEN
from digit_core.preprocessing.straight_lines import upright_rules, without_rules
from digit_core.preprocessing.text_line import TextLine
from digit_core.preprocessing.tilt import inverse, rotation, tilt_of

_LEVEL = 3.0  # degrees: a single line tilted less stays as it is: its digits may slope so far by themselves
_LAYOUT = 700  # pixels, longer side of the copy in which the layout is looked for
_MOST_LINES = 60
_MOST_PARTS = 3000
_SPECK = 0.22  # of the height of the digits: lower parts do not begin a line
_LOW_LINE = 0.35  # of the height of the largest line: what is lower is no line
_LETTER, _FEW_LETTERS = 5, 3  # pixels of the copy: lower is no letter; and how many are a line of small letters
_COLUMN = 0.9  # of the picture's height: an upright rule that is no stem of a digit
_STAIN, _DIGIT, _SMALLER = 0.2, 12, 0.25  # of the copy's longer side; pixels; of a stain's height: digits
_SLIM, _FAR_HIGHER, _MANY = 0.15, 3.0, 6  # of its height; times as high as digits; so many show how high they are
_SHARED = 0.45  # of the lower part's height: parts that overlap so far share a line
_BAR, _CROSSED = 0.6, 0.2  # of the height of the digit that a part lies over; and of its own, which is inside
_MARGIN = 0.3  # of a line's height, around it


def find_lines(image: Image.Image | np.ndarray) -> tuple[TextLine, ...]:
    """The lines of digits on a picture, top to bottom; at least one, and not tilted by more than 15 degrees.

    `image`: as of `find_ink`. Raises NoInk if the picture is blank, and InvalidImage if it is no
    picture or has more than 60 lines or 3,000 separate marks.
    """
    layout = _Layout(image)
    groups, everything = layout.groups, np.flatnonzero(layout.is_body)
    if len(groups) < 2:
        return (_single(image, layout, groups[0] if groups else everything),)
    if len(groups) > _MOST_LINES:
        raise InvalidImage(
            f"The picture has {len(groups)} lines, and at most {_MOST_LINES} are read. Crop it to the lines of digits."
        )
    lines = (layout.cut(group) for group in groups)
    return tuple(line for line in lines if line is not None) or (_single(image, layout, everything),)


def find_line(image: Image.Image | np.ndarray) -> TextLine:
    """All ink of a picture as one line of digits, without its tilt. Takes and raises what `find_lines` does."""
    layout = _Layout(image)
    parts = np.flatnonzero(layout.is_body)
    is_cut = abs(layout.tilt) >= _LEVEL or layout.has_rules_beside(parts)
    return (layout.cut(parts) if len(parts) and is_cut else None) or _whole(image)


def _single(image: Image.Image | np.ndarray, layout: "_Layout", parts: np.ndarray) -> TextLine:
    """These parts of the picture as one line; all of it as it is if it is nearly level and has nothing else."""
    is_cut = abs(layout.tilt) >= _LEVEL or layout.has_more_than(parts) or layout.has_rules_beside(parts)
    return (layout.cut(parts) if len(parts) and is_cut else None) or _whole(image)


def _whole(image: Image.Image | np.ndarray) -> TextLine:
    """All ink of a picture as one line, as it is."""
    ink, enlarged = find_line_ink(image)
    size = size_of(image)
    scale = box_in_original((1, 1, 1, 1), np.empty((size[1], size[0]), np.bool_))[0] / enlarged
    return TextLine(ink, np.array([[scale, 0, 0], [0, scale, 0]], float), size)


class _Layout:
    """The tilt of a picture, and its parts grouped into lines, in a small upright copy."""

    def __init__(self, image: Image.Image | np.ndarray):
        """Raises NoInk, or InvalidImage."""
        import cv2

        self.plane = to_grayscale(image)
        self.size = size_of(image)
        self._times = max(self.size) / max(self.plane.shape) if max(self.size) > LARGEST else 1.0
        height, width = self.plane.shape
        self._scale = min(_LAYOUT / max(height, width), 1.0)
        small = self.plane
        if self._scale < 1:
            small = cv2.resize(small, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_AREA)
        ink, enlarged = find_line_ink((small * 255).round().clip(0, 255).astype(np.uint8))
        self._scale *= enlarged
        mask = ink >= SEEN
        if not mask.any():
            raise NoInk("There is no ink in the picture. Choose one with one or more digits.")
        self.tilt = tilt_of(mask)
        turn, size = rotation(mask.shape[1::-1], self.tilt)
        upright = cv2.warpAffine(ink, turn, size) if self.tilt else ink
        # From the upright copy to the plane: turned back, then without the copy's scale.
        self._to_plane = inverse(turn) / self._scale
        parts, self._rules = without_rules(upright >= SEEN)
        self._find_parts(parts)

    def _find_parts(self, mask: np.ndarray) -> None:
        import cv2

        count, self._labels, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        if count - 1 > _MOST_PARTS:
            raise InvalidImage(
                f"The picture has {count - 1} separate marks, more than lines of digits have. Crop it to the digits."
            )
        left, top, wide, high, area = boxes[1:].T
        self.boxes = np.stack([left, top, left + wide, top + high], axis=1)
        large = np.flatnonzero(high >= _LETTER)
        # Frames, and what is left of rules: no line has them, and their ink is left out.
        self._is_frame = np.zeros(count - 1, bool)
        self._is_frame[large] = are_frames(self._labels, large + 1, self.boxes[large])
        self._is_frame |= _are_left_of_rules(wide, high) | _are_stains(self.boxes, max(mask.shape))
        solid = high[(area >= 0.02 * high * high) & ~self._is_frame]
        tall = float(np.median(solid[solid >= solid.max() / 2])) if len(solid) else 0.0
        # A sheet may have lines of any height, so the largest rules out only what is far smaller.
        self.is_body = (high >= max(_SPECK * tall, _LETTER)) & (wide <= 12 * high) & ~self._is_frame

    @cached_property
    def groups(self) -> list[np.ndarray]:
        """The parts of each line, indices int (n,), the topmost line first."""
        order = sorted(np.flatnonzero(self.is_body), key=lambda part: -self._height(part))
        lines: list[list[int]] = []
        for part in order:  # the tallest first: they say where the lines are
            top, bottom = self.boxes[part, 1], self.boxes[part, 3]
            shares = [self._shared(lines_parts, part, top, bottom) for lines_parts in lines]
            best = int(np.argmax(shares)) if shares else 0
            if shares and shares[best] < _SHARED:
                crossed = [self._crosses(line, part) for line in lines]
                best, shares = int(np.argmax(crossed)), crossed
            if shares and shares[best] >= _SHARED:
                lines[best].append(part)
            else:
                lines.append([part])
        heights = [max(self._height(part) for part in line) for line in lines]
        kept = [line for line, high in zip(lines, heights, strict=True) if high >= _LOW_LINE * max(heights)]
        return [np.array(line) for line in sorted(kept, key=lambda line: float(self.boxes[line][:, [1, 3]].mean()))]

    def has_more_than(self, parts: np.ndarray) -> bool:
        """Whether there is a line of small letters above or below these parts."""
        if not len(parts):
            return False
        letters = self._is_above_or_below(parts) & (self.boxes[:, 3] - self.boxes[:, 1] >= _LETTER)
        return bool(letters.sum() >= _FEW_LETTERS)

    def has_rules_beside(self, parts: np.ndarray) -> bool:
        """Whether an upright rule, as between the columns of a form, stands to the left or right of these parts."""
        if not len(parts):
            return False
        is_upright = self._rules.sum(0) >= _COLUMN * len(self._rules)
        left, right = self.boxes[parts, 0].min(), self.boxes[parts, 2].max()
        return bool(is_upright[:left].any() or is_upright[right:].any())

    def _is_above_or_below(self, parts: np.ndarray) -> np.ndarray:
        """Whether each part is in another row than these: bool (n,)."""
        top, bottom = self.boxes[parts, 1].min(), self.boxes[parts, 3].max()
        return (self.boxes[:, 3] <= top) | (self.boxes[:, 1] >= bottom)

    def _height(self, part: int) -> int:
        return int(self.boxes[part, 3] - self.boxes[part, 1])

    def _shared(self, line: list[int], part: int, top: int, bottom: int) -> float:
        """How much of a part's height it shares with the nearest three parts of a line, 0 to 1."""
        boxes = self.boxes[line]
        middle = (self.boxes[part, 0] + self.boxes[part, 2]) / 2
        near = boxes[np.argsort(np.abs((boxes[:, 0] + boxes[:, 2]) / 2 - middle))[:3]]
        low, high = float(np.median(near[:, 1])), float(np.median(near[:, 3]))
        return (min(bottom, high) - max(top, low)) / max(min(bottom - top, high - low), 1)

    def _crosses(self, line: list[int], part: int) -> bool:
        """Whether a part is a low one whose box crosses that of a part of the line, as the bar of a 5 may."""
        left, top, right, bottom = self.boxes[part]
        others = self.boxes[line]
        beside = np.minimum(others[:, 2], right) - np.maximum(others[:, 0], left)
        deep = np.minimum(others[:, 3], bottom) - np.maximum(others[:, 1], top)
        is_low = bottom - top < _BAR * (others[:, 3] - others[:, 1])
        return bool((is_low & (beside > 0.5 * (right - left)) & (deep > _CROSSED * (bottom - top))).any())

    def cut(self, group: np.ndarray) -> TextLine | None:
        """A line's ink, cut out of the picture upright; None if nothing of it is left."""
        import cv2

        boxes = self.boxes[group]
        high = float(np.median(boxes[:, 3] - boxes[:, 1]))
        corner = boxes[:, :2].min(0) - _MARGIN * high
        extent = boxes[:, 2:].max(0) + _MARGIN * high - corner
        # At the plane's own resolution, unless that makes the line too long for it.
        zoom = min(1 / self._scale, LARGEST / float(extent.max()))
        width, height = (max(int(side), 1) for side in extent * zoom)
        to_copy = np.array([[1 / zoom, 0, corner[0]], [0, 1 / zoom, corner[1]]])
        to_plane = self._to_plane @ np.vstack([to_copy, [0, 0, 1]])
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        piece = cv2.warpAffine(self.plane, to_plane, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE)
        others = np.ones(int(self._labels.max()) + 1, np.uint8)
        others[0] = others[group + 1] = 0
        # Dots and bars beside this line's digits may belong to them.
        others[1:][~self.is_body & ~self._is_frame & ~self._is_above_or_below(group)] = 0
        # Where a rule runs through a digit, how much of it to take out is left to `find_line_ink`.
        rules = self._rules.copy()
        for left, top, right, bottom in boxes:
            rules[top:bottom, left:right] = False
        foreign = cv2.dilate(others[self._labels] | rules, np.ones((3, 3), np.uint8))
        foreign = cv2.warpAffine(foreign, to_copy, (width, height), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
        inside = np.ones(self.plane.shape, np.uint8)
        inside = cv2.warpAffine(inside, to_plane, (width, height), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
        try:
            ink, enlarged = find_line_ink((piece * 255).round().clip(0, 255).astype(np.uint8))
        except NoInk:
            return None
        unwanted = cv2.resize(foreign | (1 - inside), ink.shape[::-1], interpolation=cv2.INTER_NEAREST)
        ink = np.where(unwanted > 0, np.float32(0), ink)
        if not (ink >= SEEN).any():
            return None
        to_picture = to_plane * self._times
        to_picture[:, :2] /= enlarged
        between = upright_rules(self._rules[boxes[:, 1].min() : boxes[:, 3].max()])
        return TextLine(ink, to_picture, self.size, tuple((x - corner[0]) * zoom * enlarged for x in between))


def _are_left_of_rules(wide: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Whether each part, that wide and high, is what was left of an upright rule: slim, and far higher than digits."""
    is_slim = wide <= _SLIM * high
    digits = high[~is_slim & (high >= _LETTER)]
    return is_slim & (high >= _FAR_HIGHER * np.median(digits)) if len(digits) >= _MANY else np.zeros(len(high), bool)


def _are_stains(boxes: np.ndarray, side: int) -> np.ndarray:
    """Whether each part, boxes (n, 4), is a ring or stain over or beside lines: many far smaller parts share its rows.

    Taken for a digit, it would be the one line to which all of them belong.
    """
    top, bottom = boxes[:, 1], boxes[:, 3]
    high = bottom - top
    found = np.zeros(len(boxes), bool)
    for part in np.flatnonzero(high >= _STAIN * side):
        is_digit = (high >= _DIGIT) & (high <= _SMALLER * high[part])
        found[part] = (is_digit & (top >= top[part]) & (bottom <= bottom[part])).sum() >= _MANY
    return found
