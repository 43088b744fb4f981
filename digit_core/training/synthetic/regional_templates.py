"""Ways of writing the digits that MNIST's American writers do not use, as in Europe: templates for `perturb`.

A one with a flag that rises to the top at a slant, as long as the stem or short, with or without a
foot; a crossed seven with a wave or a hook; a four in one zigzag; a nine with a curled tail or an
open bowl; twos with hardly a base; a zero with a tail.
"""

from collections.abc import Callable

import numpy as np

from digit_core.training.synthetic.pen_curves import Plan, arc, corners, join, line


def flagged_one(rng: np.random.Generator) -> Plan:
    """What tells it from a seven: the flag rises to the top of the stem, at 20 to 65 degrees from it."""
    stem = line((0.5, 0.0), (0.5 + rng.normal(0, 0.04), 0.5), (0.5 + rng.normal(0, 0.04), 1.0))
    if rng.random() < 0.15:
        stem = join(stem, [stem[-1] + (rng.uniform(0.05, 0.2), -rng.uniform(0.0, 0.12))])  # a hook at the end
    has_foot = rng.random() < 0.22  # then a long or round flag would make it a two
    angle = np.radians(rng.uniform(20, 50 if has_foot else 65))
    length = rng.uniform(0.2, 0.6) if has_foot or rng.random() < 0.55 else rng.uniform(0.5, 1.0)
    start = stem[0] + length * np.array([-np.sin(angle), np.cos(angle)])
    bend = (start + stem[0]) / 2 + rng.normal(0, 0.05 * length + 0.01, 2)
    top = stem[:1] if has_foot or rng.random() < 0.65 else stem[:1] + (rng.uniform(0.03, 0.1), rng.uniform(0.02, 0.1))
    plan = [join([start, bend, stem[0]], top, stem[1:])]
    if has_foot:
        reach = rng.uniform(0.15, 0.45, 2)
        plan.append(line(stem[-1] + (-reach[0], rng.normal(0, 0.02)), stem[-1] + (reach[1], rng.normal(0, 0.03))))
    lean = rng.normal(-0.1, 0.12) if has_foot else rng.normal(-0.25, 0.28)
    return [points + np.outer(points[:, 1] - 0.5, (lean, 0.0)) for points in plan]


def short_two(rng: np.random.Generator) -> Plan:
    """A slim two: a hook at the top, and a base that hardly leaves the stem."""
    left = rng.uniform(0.0, 0.25)
    hook = line((left, rng.uniform(0.08, 0.3)), (0.3, 0.0), (0.6, 0.05), (0.65, 0.3), (0.4, 0.68))
    foot = line((0.15, 0.97), (0.15, 0.97), (rng.uniform(0.4, 0.75), rng.uniform(0.93, 1.03)))
    return [join(hook, foot)]


def angular_three(rng: np.random.Generator) -> Plan:
    """A level bar, often with a serif, a slanted neck, and one bowl."""
    serif = [(rng.uniform(0.05, 0.2), rng.uniform(0.08, 0.22))] if rng.random() < 0.5 else []
    right = rng.uniform(0.65, 0.95)
    bar = corners((rng.uniform(0.1, 0.25), rng.uniform(0.0, 0.06)), (right, rng.uniform(0.0, 0.1)))
    neck = corners((rng.uniform(0.25, 0.5), rng.uniform(0.36, 0.5)))
    bowl = line((0.62, 0.46), (0.85, 0.68), (0.65, 0.95), (0.3, 1.0), (rng.uniform(-0.05, 0.15), rng.uniform(0.8, 1.0)))
    return [join(np.reshape(serif, (-1, 2)), bar, neck, bowl)]


def zigzag_four(rng: np.random.Generator) -> Plan:
    """In one stroke: down to the left, across, perhaps up a little, and down."""
    left, bar = rng.uniform(0.0, 0.2), rng.uniform(0.38, 0.62)
    right = rng.uniform(0.55, 0.95)
    if rng.random() < 0.35:  # open like a u
        start = line((left, rng.uniform(0.0, 0.12)), (left - 0.02, bar - 0.1), (left + 0.22, bar + 0.04))
    else:
        start = join([(rng.uniform(0.3, 0.75), rng.uniform(0.0, 0.08))], corners((left, bar)))
    peak = (right + rng.uniform(0.0, 0.08), bar - rng.uniform(0.0, 0.35))
    end = (right - rng.uniform(0.0, 0.3), 1.0)
    return [join(start, corners(peak), line(((peak[0] + end[0]) / 2 + rng.normal(0, 0.02), 0.7), end))]


def waved_seven(rng: np.random.Generator) -> Plan:
    """A level bar that begins with a hook or a wave, a leg, and mostly a bar across it."""
    narrow = rng.uniform(0.55, 1.0)
    corner = np.array([narrow, rng.uniform(0.0, 0.08)])
    hook = line((rng.uniform(-0.04, 0.08), rng.uniform(0.12, 0.32)), (0.06 * narrow, 0.04))
    wave = line((0.35 * narrow, rng.uniform(-0.06, 0.04)), (0.65 * narrow, rng.uniform(0.02, 0.12)))
    foot = np.array([rng.uniform(0.1, 0.75) * narrow, 1.0])
    middle = (corner + foot) / 2 - (rng.uniform(-0.06, 0.12), 0.0)
    leg = join([corner, corner, middle], [foot])
    if rng.random() < 0.2:
        leg = join(leg, [foot + (rng.uniform(0.06, 0.2), -rng.uniform(0.0, 0.08))])
    plan = [join(hook if rng.random() < 0.7 else [(0.0, rng.uniform(0.0, 0.1))], wave, leg)]
    if rng.random() < 0.75:
        at, tilt = rng.uniform(0.4, 0.62), rng.normal(0.03, 0.08)
        across = corner[0] + (foot[0] - corner[0]) * at
        reach = rng.uniform(0.15, 0.5, 2)
        plan.append(line((across - reach[0], at + tilt), (across + reach[1], at - tilt)))
    return plan


def curled_nine(rng: np.random.Generator) -> Plan:
    """A small bowl, closed or open, and a tail: curled far to the left, or straight, from its side or its middle."""
    low, wide = rng.uniform(0.25, 0.52), rng.uniform(0.14, 0.38)
    kind = rng.random()
    if kind < 0.35:  # in one curve that crosses itself at the waist, as some write a g
        right = 0.5 + wide
        bowl = line((right, low), (0.5 - wide, low * 0.85), (0.5 - wide, low * 0.3), (0.5, 0.0), (right, low * 0.35))
        turn = line((right - 0.06, low), (right + rng.uniform(0.0, 0.12), 0.72))
        return [join(bowl, turn, [(0.5, 1.0), (rng.uniform(-0.2, 0.3), rng.uniform(0.82, 0.98))])]
    around = np.clip(rng.normal(310, 45), 215, 400)
    start = rng.normal(-25, 20)
    bowl = arc((0.5, low / 2), (wide, low / 2), start, start - around)
    if kind < 0.5:  # the tail hangs from the middle
        x = 0.5 + rng.uniform(-0.05, 0.6) * wide
        return [bowl, line((x, low * rng.uniform(0.6, 1.0)), (x + rng.normal(0, 0.03), 1.0))]
    top = (0.5 + wide + rng.uniform(-0.02, 0.06), rng.uniform(0.0, 0.2))
    tail = line(top, (top[0] + rng.normal(0.02, 0.04), 0.5), (top[0] - rng.uniform(-0.05, 0.2), 1.0))
    if kind < 0.8:
        tail = line(top, (top[0] + 0.04, 0.55), (top[0] - 0.08, 0.88), (0.42, 1.0))
        tail = join(tail, [(rng.uniform(-0.25, 0.2), rng.uniform(0.75, 0.96))])
    return [join(bowl, [top, top] if rng.random() < 0.6 else [top], tail[1:])]


def tailed_zero(rng: np.random.Generator) -> Plan:
    """An oval that ends in a stroke to the right."""
    width = rng.uniform(0.28, 0.5)
    start = rng.normal(-80, 15)
    oval = arc((0.5, 0.5), (width, 0.5), start, start - rng.normal(350, 15))
    return [join(oval, [(rng.uniform(0.75, 1.15), rng.uniform(-0.08, 0.12))])]


REGIONAL_TEMPLATES: dict[int, Callable[[np.random.Generator], Plan]] = {
    0: tailed_zero,
    1: flagged_one,
    2: short_two,
    3: angular_three,
    4: zigzag_four,
    7: waved_seven,
    9: curled_nine,
}
SHARES = {0: 0.08, 1: 0.45, 2: 0.15, 3: 0.25, 4: 0.3, 7: 0.35, 9: 0.45}  # of a digit's images
