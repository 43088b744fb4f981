"""How people write an eight: templates, to be varied by `pen_curves.perturb`."""

import numpy as np

from digit_core.training.synthetic.pen_curves import Plan, arc, join, line


def eight(rng: np.random.Generator) -> Plan:
    """A curve that crosses itself, two loops, or a curve that does not close."""
    waist = rng.uniform(0.4, 0.55)
    wide = rng.uniform(0.55, 0.95)
    kind = rng.random()
    if kind < 0.2:
        upper = arc((0.5, waist / 2), (0.4 * wide + 0.05, waist / 2), 80, 80 - rng.normal(370, 20))
        turn = rng.choice([-1, 1])
        lower = arc((0.5, (1 + waist) / 2), (0.48, (1 - waist) / 2), -85, -85 + turn * rng.normal(370, 20))
        return [upper, lower]
    if kind < 0.34:
        return [(_eight_from_below if rng.random() < 0.5 else _eight_from_the_waist)(waist, rng)]
    gap = rng.uniform(-0.05, 0.12) if kind < 0.75 else rng.uniform(0.1, 0.35)
    start = line((0.62 + gap, rng.uniform(0.0, 0.16) + gap / 3))
    left = line((0.45, 0.0), (0.5 - 0.4 * wide, waist * 0.5), (0.5, waist))
    low = line((0.9, (waist + 1) / 2), (0.5, 1.0), (0.1, (waist + 1) / 2), (0.5, waist))
    end = (0.6 + gap + rng.normal(0, 0.05), rng.uniform(0.0, 0.2))
    right = line((0.5 + 0.35 * wide + gap / 2, waist * 0.5), end)
    shape = join(start, left, low, right)
    if kind > 0.92:
        shape = join(left[1:] * (1, 1), low, right, [(0.4, 0.02), left[1]])
    if rng.random() < 0.2:
        shape = (1 - shape[:, 0])[:, None] * (1, 0) + shape * (0, 1)
    return [shape]


def _eight_from_below(waist: float, rng: np.random.Generator) -> np.ndarray:
    """An eight that starts at its waist or at the top left, with one loop open on the left."""
    upper = line((0.2, waist * 0.5), (0.5, 0.0), (0.82, waist * 0.45), (0.5, waist))
    lower = line((0.12, (waist + 1) / 2), (0.5, 1.0), (0.9, (waist + 1) / 2), (0.55, waist))
    close = line((0.25 + rng.uniform(-0.1, 0.15), waist * rng.uniform(0.5, 0.9)), (0.25, waist * rng.uniform(0.2, 0.6)))
    if rng.random() < 0.5:
        return join(upper, lower, close)
    return join([(0.3 + rng.uniform(-0.1, 0.1), waist)], upper, lower, close[:1])


def _eight_from_the_waist(waist: float, rng: np.random.Generator) -> np.ndarray:
    """An eight that starts at its waist, goes round the lower loop, and ends in a hook to the left at the top."""
    wide = rng.uniform(0.22, 0.5)
    begin = (0.5 - rng.uniform(0.0, 0.5), waist + rng.uniform(-0.1, 0.1))
    low = line(begin, (0.5 + wide, rng.uniform(0.7, 0.88)), (0.5, 1.0), (0.5 - wide, (waist + 1) / 2), (0.5, waist))
    right = 0.5 + rng.uniform(0.1, 0.4)
    hook = line((right, waist * rng.uniform(0.3, 0.6)), (right - rng.uniform(0.05, 0.25), 0.0))
    end = hook[-1] + (-rng.uniform(0.05, 0.35), rng.uniform(0.0, 0.7) * waist)
    return join(low, hook, [end])
