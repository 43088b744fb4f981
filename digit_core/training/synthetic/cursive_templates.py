"""Digits of hurried and joined writing, as on cheques: templates for `perturb`.

A zero with strokes that link it to its neighbours; a two that begins with a curl; a four with a tall
slanted left side and a short stem; a five with hardly a bowl, or flat like an S; a seven like a t; an
eight with a loop that is only a line; a nine whose tail hangs from its left, as in much of Latin America.
"""

from collections.abc import Callable

import numpy as np

from digit_core.training.synthetic.pen_curves import Plan, arc, join, line


def linked_zero(rng: np.random.Generator) -> Plan:
    """An oval with a stroke from the digit before it, to the next one, or both; also in one coil, like an e."""
    width = rng.uniform(0.3, 0.8)
    right = width + rng.uniform(0.1, 0.5)
    kind = rng.random()
    if kind < 0.25:  # a coil: from the left across its middle, around, and out along the bottom
        begin = line((-width - rng.uniform(0.0, 0.4), rng.uniform(0.5, 0.9)), (0.0, rng.uniform(0.5, 0.85)))
        around = arc((0.0, 0.5), (width, 0.5), 10, -rng.uniform(235, 300))
        end = [(right, rng.uniform(0.7, 1.0))] if rng.random() < 0.7 else np.empty((0, 2))
        return [join(begin, around, np.reshape(end, (-1, 2)))]
    start = rng.normal(-70, 35)
    turn = rng.choice([-1, 1], p=[0.8, 0.2])
    oval = arc((0.0, 0.5), (width, 0.5), start, start + turn * rng.normal(365, 20))
    if kind < 0.6:  # out to the right, from where the oval closes
        high = oval[-1][1]
        oval = join(oval, [(right, np.clip(high + rng.normal(0.05, 0.15), -0.1, 0.7))])
    if 0.45 < kind < 0.75:  # in from the left
        from_left = (-width - rng.uniform(0.05, 0.4), np.clip(oval[0][1] + rng.normal(0.1, 0.2), 0.0, 0.9))
        oval = join([from_left], oval)
    plan = [oval]
    if kind > 0.7:  # what a cut has left of a neighbour's stroke, at one side or both
        for side in (-1, 1) if rng.random() < 0.4 else (rng.choice([-1, 1]),):
            at = rng.uniform(0.05, 0.95)
            edge = side * width * np.sqrt(max(1 - (2 * at - 1) ** 2, 0.0))
            length = rng.uniform(0.08, 0.35)
            plan.append(line((edge, at), (edge + side * length, np.clip(at + rng.normal(0, 0.12), 0.0, 1.0))))
    return plan


def curled_two(rng: np.random.Generator) -> Plan:
    """A two that begins with a curl inside its top, which may close to a bowl, and mostly loops into its base."""
    curl = line(
        (rng.uniform(0.25, 0.5) if rng.random() < 0.5 else rng.uniform(0.5, 0.85), rng.uniform(0.25, 0.45)),
        (rng.uniform(0.1, 0.25), rng.uniform(0.28, 0.45)),
        (rng.uniform(0.0, 0.12), 0.2),
    )
    top = line((0.2, 0.04), (0.5, 0.0), (0.82, 0.12), (0.84, 0.34), (0.58, 0.66))
    low = rng.uniform(0.03, 0.2)
    right = rng.uniform(0.7, 1.1)
    if rng.random() < 0.65:
        base = line((0.28, 0.92), (0.1, 1.0), (0.0, 0.97 - low), (0.15, 0.93 - low), (0.45, 0.95), (right, 0.95))
    else:
        base = line((0.3, 0.86), (0.05, 0.98), (0.05, 0.98), (right, rng.uniform(0.9, 1.02)))
    return [join(curl if rng.random() < 0.75 else curl[1:], top, base)]


def steep_four(rng: np.random.Generator) -> Plan:
    """A tall side that leans to the right, a level bar, and a stem that hardly rises above the bar."""
    bar = rng.uniform(0.5, 0.78)
    top = (rng.uniform(0.25, 0.75), 0.0)
    right = rng.uniform(0.6, 1.0)
    side = line(top, (rng.uniform(0.0, 0.12) + 0.4 * top[0], bar / 2), (0.0, bar))
    stem_x = rng.uniform(0.45, 0.9) * right
    over = rng.uniform(0.05, 0.35)
    lean = rng.uniform(-0.02, 0.2)
    stem = line((stem_x + over * lean, bar - over), (stem_x, bar), (stem_x - lean, 1.0))
    if rng.random() < 0.25:  # in one stroke: the bar rises into the stem
        return [join(side, side[-1:], line((stem_x, bar - rng.uniform(0.0, 0.08))), stem[:1], stem[:1], stem[1:])]
    tilt = rng.normal(-0.03, 0.05)
    corner = side[-1:] if rng.random() < 0.7 else np.empty((0, 2))
    return [join(side, corner, [(right, bar + tilt)]), stem]


def round_four(rng: np.random.Generator) -> Plan:
    """A closed four in curves, whose bar crosses the stem: what tells it from a nine."""
    stem_x, bar = rng.uniform(0.6, 0.85), rng.uniform(0.42, 0.62)
    beyond = stem_x + rng.uniform(0.08, 0.3)
    left = rng.uniform(0.0, 0.1)
    loop = line((stem_x, 0.04), (stem_x - 0.25, 0.06), (left + 0.05, bar - 0.18), (left + 0.08, bar), (beyond, bar))
    stem = line((stem_x, rng.uniform(0.0, 0.2)), (stem_x, 0.5), (stem_x + rng.uniform(-0.08, 0.1), 1.0))
    return [loop, stem]


def hurried_five(rng: np.random.Generator) -> Plan:
    """A stem that ends in a small hook to the left, and a bar; or flat like an S."""
    if rng.random() < 0.4:
        wide = rng.uniform(1.2, 2.2)
        drop = rng.uniform(0.0, 0.1)
        top = line((0.95, rng.uniform(-0.02, 0.12)), (0.4, 0.0), (0.02, 0.1), (0.02, 0.36), (0.4, 0.46))
        low = line((0.85, 0.52 + drop), (1.0, 0.75), (0.8, 0.97), (0.4, 1.0), (rng.uniform(0.0, 0.35), 0.95 - drop))
        return [join(top, low) * (wide, 1.0)]
    foot = rng.uniform(0.15, 0.35)
    lean = rng.uniform(0.0, 0.3)
    depth = rng.uniform(0.0, 0.12)  # of what is left of the bowl
    stem = line((foot + lean, 0.0), (foot + lean * 0.55 + depth / 3, 0.45), (foot + depth, 0.8), (foot, 1.0))
    hook = line((foot - rng.uniform(0.08, 0.3), 1.0 - rng.uniform(0.0, 0.25)))
    right = foot + lean + rng.uniform(0.35, 0.8)
    rise = rng.uniform(-0.12, 0.05)
    if rng.random() < 0.6:
        return [join(hook, stem[-1:], stem[::-1], stem[:1], [(right, rise)])[::-1]]
    gap = rng.uniform(0.0, 0.25)
    return [join(stem, hook), line((foot + lean + gap, rng.uniform(-0.05, 0.08)), (right + gap, rise))]


def barred_seven(rng: np.random.Generator) -> Plan:
    """A short bar, a leg, and across it a longer bar, like a t; or flat and wide, with a wave."""
    if rng.random() < 0.3:
        wide = rng.uniform(1.1, 1.8)
        top = line((0.0, rng.uniform(0.0, 0.15)), (0.3, -0.02), (0.6, 0.06), (0.95, 0.0), (0.95, 0.0), (0.4, 1.0))
        high = rng.uniform(0.4, 0.6)
        return [top * (wide, 1.0), line((0.15 * wide, high), (rng.uniform(0.75, 1.0) * wide, high))]
    lean, high = rng.uniform(0.0, 0.4), rng.uniform(0.32, 0.55)
    top = rng.uniform(0.12, 0.35)
    corner = np.array([0.5 + lean, 0.0])
    bar = line(corner + (-top, rng.uniform(-0.02, 0.14)), corner + (-top / 2, rng.uniform(-0.03, 0.05)), corner)
    leg = line(corner, (0.5 + lean / 2 + rng.normal(0, 0.03), 0.5), (0.5, 1.0))
    middle = 0.5 + lean * (1 - high)
    tilt = rng.normal(0.02, 0.05)
    left, right = middle - rng.uniform(0.2, 0.4), middle + rng.uniform(0.2, 0.45)
    return [join(bar, leg), line((left, high + tilt), (right, high - tilt))]


def narrow_eight(rng: np.random.Generator) -> Plan:
    """An eight with one loop so narrow that it is only a line, or with both nearly so."""
    waist = rng.uniform(0.35, 0.6)
    upper, lower = rng.uniform(0.14, 0.26), rng.uniform(0.0, 0.07)
    kind = rng.random()
    if kind < 0.2:
        upper, lower = lower, upper
    elif kind < 0.5:
        upper, lower = rng.uniform(0.07, 0.14, 2)
    gap = rng.uniform(0.0, 0.8) * upper if rng.random() < 0.4 else 0.0
    begin = (0.5 + upper * 0.8 + gap, rng.uniform(0.02, 0.16))
    down = line(begin, (0.5, 0.0), (0.5 - upper, waist * 0.45), (0.5, waist))
    low = line((0.5 + lower, (waist + 1) / 2), (0.5, 1.0), (0.5 - lower, (waist + 1) / 2))
    up = line((0.5, waist), (0.5 + upper + gap / 2, waist * 0.45), begin)
    lean = rng.normal(0.15, 0.15)
    points = join(down, low, up)
    return [points - np.outer(points[:, 1] - 0.5, (lean, 0.0))]


def left_tailed_nine(rng: np.random.Generator) -> Plan:
    """A bowl, closed or open, whose tail hangs from its left or its middle, like a rho."""
    low, wide = rng.uniform(0.32, 0.55), rng.uniform(0.2, 0.38)
    x = 0.5 - rng.uniform(0.25, 1.0) * wide
    end = (x + rng.normal(-0.03, 0.06), 1.0)
    kind = rng.random()
    if kind < 0.4:  # in one stroke: around from the left, and down from where the bowl closes
        around = arc((0.5, low / 2), (wide, low / 2), rng.uniform(120, 200), rng.uniform(440, 520))
        back = line((x, rng.uniform(0.75, 1.1) * low), ((x + end[0]) / 2, (low + 1) / 2), end)
        return [join(around, back)]
    if kind < 0.7:  # the other way round
        around = arc((0.5, low / 2), (wide, low / 2), rng.uniform(60, 110), -rng.uniform(100, 200))
        side = 0.5 - wide * rng.uniform(0.7, 1.0)
        return [join(around, line((side, low * 0.6), ((side + end[0]) / 2, (low + 1) / 2), end))]
    bowl = arc((0.5, low / 2), (wide, low / 2), rng.uniform(170, 220), rng.uniform(430, 520))
    return [bowl, line((x, low * rng.uniform(0.2, 0.9)), ((x + end[0]) / 2, (low + 1) / 2), end)]


def with_stub(plan: Plan, rng: np.random.Generator) -> Plan:
    """A digit cut from a line, with the end of a neighbour's stroke at one side: `plan` of `perturb`'s curves."""
    points = np.concatenate(plan)
    height = np.ptp(points[:, 1])
    side = rng.choice([-1, 1])
    outermost = np.argsort(side * points[:, 0])[-max(len(points) // 5, 1) :]
    start = points[rng.choice(outermost)]
    way = np.array([side, rng.normal(0, 0.6)])
    return [*plan, np.array([start, start + way / np.hypot(*way) * height * rng.uniform(0.06, 0.2)])]


def _four(rng: np.random.Generator) -> Plan:
    return steep_four(rng) if rng.random() < 0.7 else round_four(rng)


CURSIVE_TEMPLATES: dict[int, Callable[[np.random.Generator], Plan]] = {
    0: linked_zero,
    2: curled_two,
    4: _four,
    5: hurried_five,
    7: barred_seven,
    8: narrow_eight,
    9: left_tailed_nine,
}
CURSIVE_SHARES = {0: 0.3, 2: 0.16, 4: 0.22, 5: 0.12, 7: 0.08, 8: 0.08, 9: 0.14}  # of a digit's images
