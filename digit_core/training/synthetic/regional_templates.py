"""Ways of writing the digits that MNIST's American writers do not use, as in Europe: templates for `perturb`.

A one with a flag that rises to the top at a slant, as long as the stem or short, with or without a
foot; a crossed seven with a wave, a hook or a loop; a four in one zigzag; a five with a slanted neck or
a bar beside it; a slim eight, or one that stays open; a nine with a curled tail or an open bowl; twos
with hardly a base; a zero with a tail.
"""

from collections.abc import Callable

import numpy as np

from digit_core.training.synthetic.pen_curves import Plan, arc, corners, join, line

_RISE, _RISE_VARIES = 27.0, 5.0  # degrees: flags of ones rise by more than about this, bars of sevens by less


def flagged_one(rng: np.random.Generator) -> Plan:
    """What tells it from a seven: the flag rises to the top of the stem, by about `_RISE` or more."""
    stem = line((0.5, 0.0), (0.5 + rng.normal(0, 0.04), 0.5), (0.5 + rng.normal(0, 0.04), 1.0))
    if rng.random() < 0.15:
        stem = join(stem, [stem[-1] + (rng.uniform(0.05, 0.2), -rng.uniform(0.0, 0.12))])  # a hook at the end
    has_foot = rng.random() < 0.22  # then a long or round flag would make it a two
    lean = rng.normal(-0.1, 0.12) if has_foot else rng.normal(-0.25, 0.28)
    length = rng.uniform(0.2, 0.6) if has_foot or rng.random() < 0.5 else rng.uniform(0.5, 1.0)
    # Where the stem leans to the right, the flag leans with it, down to level.
    rise = np.radians(rng.normal(_RISE, _RISE_VARIES))
    widest = np.arctan(1.0 / np.tan(rise) + min(lean, 0.0))
    angle = rng.uniform(np.radians(20), max(min(widest, np.radians(50 if has_foot else 65)), np.radians(25)))
    start = stem[0] + length * np.array([-np.sin(angle), np.cos(angle)])
    bend = (start + stem[0]) / 2 + rng.normal(0, 0.05 * length + 0.01, 2)
    if length > 0.35 and rng.random() < 0.12:  # the flag begins with a crook of its own
        start, bend = (start + (rng.uniform(-0.03, 0.05), -rng.uniform(0.05, 0.2)), start)
    top = stem[:1] if has_foot or rng.random() < 0.65 else stem[:1] + (rng.uniform(0.03, 0.1), rng.uniform(0.02, 0.1))
    plan = [join([start, bend, stem[0]], top, stem[1:])]
    if has_foot:
        reach = rng.uniform(0.15, 0.45, 2)
        plan.append(line(stem[-1] + (-reach[0], rng.normal(0, 0.02)), stem[-1] + (reach[1], rng.normal(0, 0.03))))
    return [points + np.outer(points[:, 1] - 0.5, (lean, 0.0)) for points in plan]


def short_two(rng: np.random.Generator) -> Plan:
    """A slim two: a hook at the top, and a base that hardly leaves the stem; or hardly a hook, like an L."""
    left = rng.uniform(0.0, 0.25)
    if rng.random() < 0.3:
        top = rng.uniform(0.45, 0.75)
        hook = line((top - rng.uniform(0.05, 0.3), rng.uniform(0.03, 0.16)), (top, 0.0), (top, 0.25), (left + 0.1, 0.9))
        base = line((left, 1.0), (left, 1.0), (rng.uniform(0.6, 1.0), rng.uniform(0.9, 1.0)))
        return [join(hook, base)]
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
    left, bar = rng.uniform(0.0, 0.2), rng.uniform(0.38, 0.66)
    right, rise = rng.uniform(0.45, 0.95), rng.uniform(0.0, 0.35)
    kind = rng.random()
    if kind < 0.3:  # open like a u, whose tail may be short
        bar = rng.uniform(0.4, 0.76)
        rise = rng.uniform(0.35 * bar, 0.9 * bar)
        start = line((left, rng.uniform(0.0, 0.12)), (left - 0.02, bar - 0.1), (left + 0.22, bar + 0.04))
    elif kind < 0.5:  # round like a G; open on the right, or it would be a nine
        right, rise = rng.uniform(0.6, 0.95), rng.uniform(0.0, 0.18)
        start = line((rng.uniform(0.3, 0.6), rng.uniform(0.0, 0.08)), (left + 0.08, bar * 0.55), (left + 0.12, bar))
    else:
        start = join([(rng.uniform(0.3, 0.75), rng.uniform(0.0, 0.08))], corners((left, bar)))
    peak = (right + rng.uniform(0.0, 0.08), bar - rise)
    end = (right - rng.uniform(0.0, 0.3), 1.0)
    return [join(start, corners(peak), line(((peak[0] + end[0]) / 2 + rng.normal(0, 0.02), 0.7), end))]


def slanted_five(rng: np.random.Generator) -> Plan:
    """A neck that slants to the right, or hardly a neck; the bar joined, apart, or across the neck's top."""
    left = rng.uniform(0.05, 0.3)
    neck = np.array([left + rng.uniform(-0.05, 0.28), rng.uniform(0.25, 0.48)])
    right = rng.uniform(0.7, 0.95)
    bowl = line(
        neck + (rng.uniform(0.15, 0.3), -rng.uniform(-0.02, 0.08)),
        (right, (neck[1] + 1) / 2 - 0.04),
        (right - 0.15, 0.94),
        (rng.uniform(0.3, 0.5), 1.0),
        (rng.uniform(-0.08, 0.2), rng.uniform(0.8, 0.99)),
    )
    top = np.array([left, rng.uniform(0.0, 0.1)])
    end = top + (rng.uniform(0.4, 0.85), rng.normal(-0.02, 0.05))
    corner = [neck, neck] if rng.random() < 0.6 else [neck]
    if rng.random() < 0.5:
        return [join([end], [top, top], corner, bowl)]
    begin = top + (-rng.uniform(0.0, 0.25), rng.normal(0, 0.03))
    lift = (0.0, rng.uniform(-0.02, 0.14))
    return [join([top], corner, bowl), line(begin - lift, end - lift)]


def slim_eight(rng: np.random.Generator) -> Plan:
    """Slim, so that a pen may fill its loops, or wide; the upper loop smaller, perhaps open at the top."""
    waist = rng.uniform(0.25, 0.5)
    wide, upper = rng.uniform(0.12, 0.5), rng.uniform(0.4, 1.1)
    gap = rng.uniform(0.0, 0.6) * upper * wide if rng.random() < 0.6 else 0.0
    begin = (0.5 + upper * wide + gap, rng.uniform(0.02, 0.18))
    down = line(begin, (0.5, 0.0), (0.5 - upper * wide, waist * 0.5), (0.5, waist))
    low = line((0.5 + wide, (waist + 1) / 2), (0.5, 1.0), (0.5 - wide, (waist + 1) / 2))
    up = line((0.5, waist), (0.5 + upper * wide + gap, waist * 0.5), (begin[0] - 2 * gap, begin[1] + 0.03))
    return [join(down, low, up)]


def waved_seven(rng: np.random.Generator) -> Plan:
    """A level bar that begins with a hook or a wave, a leg, and mostly a bar across it."""
    narrow = rng.uniform(0.55, 1.0)
    corner = np.array([narrow, rng.uniform(0.0, 0.08)])
    hook = line((rng.uniform(-0.04, 0.08), rng.uniform(0.12, 0.32)), (0.06 * narrow, 0.04))
    wave = line((0.35 * narrow, rng.uniform(-0.06, 0.04)), (0.65 * narrow, rng.uniform(0.02, 0.12)))
    foot = np.array([rng.uniform(0.1, 0.75) * narrow, 1.0])
    middle = (corner + foot) / 2 - (rng.uniform(-0.06, 0.12), 0.0)
    leg = join([corner, corner, middle], [foot])
    is_crossed = rng.random() < 0.75
    if rng.random() < (0.35 if is_crossed else 0.15):  # a hook; a long one makes a two of a plain seven
        leg = join(leg, [foot + (rng.uniform(0.06, 0.35 if is_crossed else 0.15), -rng.uniform(0.0, 0.1))])
    shape = join(hook if rng.random() < 0.7 else [(0.0, rng.uniform(0.0, 0.1))], wave, leg)
    if not is_crossed:
        return [shape]
    at, tilt = rng.uniform(0.4, 0.62), rng.normal(0.03, 0.08)
    across = corner[0] + (foot[0] - corner[0]) * at
    reach = rng.uniform(0.15, 0.5, 2)
    bar = line((across - reach[0], at + tilt), (across + reach[1], at - tilt))
    if rng.random() < 0.15:  # in one stroke: from the foot back up to the bar
        return [join(shape, [foot - (rng.uniform(0.05, 0.2), rng.uniform(0.0, 0.1))], bar)]
    return [shape, bar]


def curled_nine(rng: np.random.Generator) -> Plan:
    """A small bowl, closed or open, and a tail: curled far to the left, or straight, from its side or its middle."""
    low, wide = rng.uniform(0.25, 0.52), rng.uniform(0.14, 0.38)
    kind = rng.random()
    if kind < 0.4:  # in one curve that crosses itself at the waist, as some write a g
        right = 0.5 + wide
        begin = (0.5 + rng.uniform(-0.3, 1.3) * wide, low * rng.uniform(0.85, 1.05))
        bowl = line(begin, (0.5 - wide, low * 0.85), (0.5 - wide, low * 0.3), (0.5, 0.0), (right, low * 0.35))
        turn = line((right - rng.uniform(0.0, 0.8) * wide, low), (right + rng.uniform(-0.1, 0.12), 0.72))
        end = [(rng.uniform(-0.2, 0.3), rng.uniform(0.8, 1.0))]
        if rng.random() < 0.3:  # a level stroke at the end
            end = [(rng.uniform(0.2, 0.4), 1.0), (rng.uniform(-0.25, 0.1), rng.uniform(0.92, 1.05))]
        return [join(bowl, turn, [(0.5, 1.0)], end)]
    around = np.clip(rng.normal(310, 45), 215, 400)
    start = rng.normal(-25, 20)
    bowl = arc((0.5, low / 2), (wide, low / 2), start, start - around)
    if kind < 0.5:  # the tail hangs from the middle
        x = 0.5 + rng.uniform(-0.3, 0.6) * wide
        return [bowl, line((x, low * rng.uniform(0.6, 1.0)), (x + rng.normal(0, 0.03), 1.0))]
    if kind < 0.65:  # a closed bowl, then from its lower end across to the right, down and back
        full = arc((0.5, low / 2), (wide, low / 2), rng.uniform(40, 110), rng.uniform(-330, -250))
        side = 0.5 + wide * rng.uniform(0.5, 1.3)
        curl = line((side, rng.uniform(low, 0.72)), (side - 0.05, 0.85), (0.45, 1.0))
        return [join(full, curl, [(rng.uniform(-0.2, 0.3), rng.uniform(0.78, 1.0))])]
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
    5: slanted_five,
    7: waved_seven,
    8: slim_eight,
    9: curled_nine,
}
SHARES = {0: 0.08, 1: 0.5, 2: 0.18, 3: 0.28, 4: 0.32, 5: 0.25, 7: 0.42, 8: 0.2, 9: 0.45}  # of a digit's images
