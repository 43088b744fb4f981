"""The columns of a table, in each of which a line of digits has another number."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from digit_core.preprocessing.frames import Box

# Times the height of the digits, and the usual gap between them: a wider one separates two columns. Digits in the
# boxes of a form are closer, and so are the groups of 1 250 000.
_GAP, _WIDER = 1.2, 2.5
_ALONE = 1.5  # times the height: if even the usual gap is wider, each digit stands in a column of its own
_COMB = 3  # boxes of a form at least, each with one digit of a number


def columns_of(boxes: Sequence[Box], rules: Sequence[float] = ()) -> list[slice]:
    """Which digits of a line belong together: wide gaps, and upright rules, separate the numbers of two columns.

    `boxes`: of the digits, left to right; `rules`: the x of each rule, in the same pixels.
    """
    if len(boxes) < 2:
        return [slice(0, len(boxes))]
    at_gaps, at_rules = _after_gaps(boxes), _after_rules(boxes, rules)
    each_in_a_box = len(at_rules) + 1 == len(boxes) >= _COMB
    edges = [0, *sorted(at_gaps if each_in_a_box else at_gaps | at_rules), len(boxes)]
    return [slice(start, end) for start, end in pairwise(edges)]


def _after_gaps(boxes: Sequence[Box]) -> set[int]:
    """The digits before which the gap is wide."""
    gaps = np.array([right[0] - left[2] for left, right in pairwise(boxes)])
    height = float(np.median([bottom - top for _, top, _, bottom in boxes]))
    usual = max(float(np.median(gaps)), 0.0) if len(gaps) > 1 else 0.0
    single = usual > _ALONE * height  # the columns have a digit each
    is_wide = gaps > (_ALONE * height if single else max(_GAP * height, _WIDER * usual))
    return set((np.flatnonzero(is_wide) + 1).tolist())


def _after_rules(boxes: Sequence[Box], rules: Sequence[float]) -> set[int]:
    """The digits before which a rule stands; one that runs through a digit is its stem."""
    return {
        place
        for place, (before, here) in enumerate(pairwise(boxes), start=1)
        if any(before[2] <= rule <= here[0] for rule in rules)
    }
