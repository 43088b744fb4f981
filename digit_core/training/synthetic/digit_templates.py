"""How people write the ten digits: templates, to be varied by `pen_curves.perturb`.

Every function returns one plan, chosen at random among the common ways of writing the digit: a zero
with a slash or a dot, a one with an upstroke and a foot, a crossed seven, an open or a closed
four, a five in two strokes.
"""

import numpy as np

from digit_core.training.synthetic.eight_templates import eight
from digit_core.training.synthetic.pen_curves import Plan, arc, corners, join, line


def zero(rng: np.random.Generator) -> Plan:
    """An oval; open, closed or overlapping; sometimes with a slash or a dot."""
    marked = rng.random()
    width = 0.5 * np.exp(rng.normal(-0.25, 0.33))
    start = rng.normal(-80, 40)
    around = np.clip(rng.normal(368, 32), 285, 470) * rng.choice([-1, 1], p=[0.78, 0.22])
    shape = arc((0.5, 0.5), (width, 0.5), start, start + around, shrink=rng.uniform(0.78, 1.15))
    if marked < 0.07:
        shape = join(shape, arc((0.5, 0.42), (width * 0.6, 0.25), start, start + np.sign(around) * 150))
    if marked < 0.56:
        return [shape]
    if marked < 0.60:
        return [shape, line((0.5, 0.5), (0.5 + rng.normal(0, 0.05), 0.5 + rng.normal(0, 0.05)))]
    slope = np.radians(rng.uniform(25, 88)) if rng.random() < 0.88 else np.radians(rng.uniform(100, 150))
    edge = 1 / np.hypot(np.cos(slope) / width, np.sin(slope) / 0.5)
    reach = edge * rng.uniform(0.7, rng.choice([1.5, 2.6]), 2)
    way = np.array([np.cos(slope), -np.sin(slope)])
    middle = np.array([0.5, 0.5]) + rng.normal(0, 0.07, 2)
    slash = line(middle + way * reach[0], middle - way * reach[1])
    if rng.random() < 0.2:
        opening = slash[0] if way @ (shape[-1] - middle) > 0 else slash[1]
        return [join(shape, [opening, opening], slash if opening is slash[0] else slash[::-1])]
    return [shape, slash[:: rng.choice([-1, 1])]]


def one(rng: np.random.Generator) -> Plan:
    """A stem, usually slanted, often with an upstroke, sometimes with a foot."""
    stem = line((0.5, 0.0), (0.5 + rng.normal(0, 0.03), 0.5), (0.5 + rng.normal(0, 0.03), 1.0))
    kind = rng.random()
    lean = rng.normal(-0.12, 0.16)
    stem[:, 0] += lean * (stem[:, 1] - 0.5)
    if kind < 0.38:
        if rng.random() < 0.2:
            tail = stem[-1] + (rng.uniform(0.04, 0.2), -rng.uniform(0.0, 0.15))
            stem = join(stem, [tail])
        return [stem]
    if kind < 0.93:
        angle = np.radians(rng.uniform(14, 62))
        length = rng.uniform(0.15, 0.55) if rng.random() < 0.6 else rng.uniform(0.45, 1.05)
        start = stem[0] + length * np.array([-np.sin(angle), np.cos(angle)])
        bend = (start + stem[0]) / 2 + rng.normal(0, 0.03, 2)
        top = stem[:1] if rng.random() < 0.7 else stem[:1] + (0.04, 0.03)
        stem = join([start, bend, stem[0]], top, stem[1:])
    plan = [stem]
    if kind > 0.84:
        half = rng.uniform(0.15, 0.5, 2)
        foot = line(stem[-1] + (-half[0], rng.normal(0, 0.02)), stem[-1] + (half[1], rng.normal(0, 0.03)))
        joined = rng.random() < 0.35
        plan = [join(stem, stem[-1:], foot[:1], foot[:1], foot[1:])] if joined else [stem, foot]
    return plan


def two(rng: np.random.Generator) -> Plan:
    """A hook on a base line: with or without a loop, round or angular like a Z."""
    kind = rng.random()
    if kind < 0.1:
        return [corners((0.08, 0.08), (0.85, 0.06), (0.1, 0.95), (0.95, 0.93))]
    if kind < 0.25:
        knee, right = rng.uniform(0.62, 0.88), rng.uniform(0.7, 1.2)
        hook = line((0.2, rng.uniform(0.05, 0.25)), (0.5, 0.0), (0.75, 0.15), (0.65, 0.42), (0.2, knee), (0.2, knee))
        return [join(hook, line((0.5, knee + rng.uniform(0.0, 0.1)), (right, rng.uniform(knee, 1.0))))]
    depth = rng.uniform(0.1, 0.4)
    top = line((0.1, depth), (0.25, 0.06), (0.55, 0.0), (0.82, 0.12), (0.84, 0.34), (0.62, 0.62))
    if kind < 0.63:
        base = line((0.3, 0.85), (0.05, 0.97), (0.05, 0.97), (0.5, 0.97), rng.uniform((0.85, 0.85), (1.15, 1.02)))
    elif kind < 0.85:
        high = rng.uniform(0.05, 0.2)
        base = line((0.3, 0.92), (0.1, 1.0), (0.0, 0.95 - high), (0.15, 0.9 - high), (0.45, 0.92), (0.95, 0.96))
    else:
        base = line((0.3, 0.85), (0.1, 0.93), (0.35, 0.88), (0.65, 0.97), (1.0, 0.86))
    return [join(top, base)]


def three(rng: np.random.Generator) -> Plan:
    """Two bowls, or a flat top with one bowl; joined by a corner, a curve or a small loop."""
    if rng.random() < 0.25:
        top = join(corners((0.08, 0.04), (0.85, 0.04)), corners((0.4, 0.4)))
    else:
        top = line((0.1, rng.uniform(0.08, 0.22)), (0.3, 0.02), (0.65, 0.02), (0.8, 0.18), (0.65, 0.38))
        middle = rng.random()
        if middle < 0.55:
            top = join(top, corners((rng.uniform(0.25, 0.5), 0.46)))
        elif middle < 0.75:
            top = join(top, line((0.35, 0.5), (0.28, 0.44), (0.38, 0.4)))
        else:
            top = join(top, line((0.45, 0.44)))
    low = line((0.7, 0.5), (0.88, 0.7), (0.7, 0.93), (0.35, 1.0), (0.05, rng.uniform(0.82, 1.0)))
    return [join(top, low)]


def four(rng: np.random.Generator) -> Plan:
    """Open at the top, closed, or in one stroke; the bar may stop at the stem or cross it."""
    kind = rng.random()
    stem_x = rng.uniform(0.45, 0.8)
    bar_y = rng.uniform(0.42, 0.72)
    reach = rng.uniform(stem_x, 1.05)
    if kind < 0.55:
        left = rng.uniform(0.0, 0.15)
        top = (left + rng.uniform(0.0, 0.35), rng.uniform(0.0, 0.1))
        begin = rng.uniform(0.0, 0.35)
        stem = line((stem_x + rng.uniform(0, 0.12), begin), (stem_x, 0.6), (stem_x - rng.uniform(0, 0.1), 1.0))
        return [corners(top, (left, bar_y), (reach, bar_y - rng.uniform(-0.05, 0.1))), stem]
    peak = (stem_x + rng.uniform(-0.05, 0.08), 0.0)
    hook = corners(peak, (0.03, bar_y), (reach, bar_y + rng.normal(0, 0.03)))
    if kind < 0.85:
        return [hook, line((stem_x, rng.uniform(0.0, 0.35)), (stem_x, 0.6), (stem_x - rng.uniform(0, 0.08), 1.0))]
    if kind < 0.93:
        return [join(hook, corners((stem_x + 0.03, rng.uniform(0.02, 0.3)), (stem_x, 1.0)))]
    return [join(corners((0.2, 0.0), (0.08, 0.5), (0.75, 0.45), (0.85, 0.0)), line((0.7, 1.0)))]


def five(rng: np.random.Generator) -> Plan:
    """A bar, a neck and a bowl: in two strokes that may not meet, or in one."""
    neck_x, neck_y = rng.uniform(0.08, 0.3), rng.uniform(0.22, 0.5)
    bow = line(
        (0.4, neck_y - rng.uniform(0.0, 0.08)),
        (0.75, neck_y + 0.06),
        (0.88, 0.68),
        (0.7, 0.93),
        (0.38, 1.0),
        (rng.uniform(-0.02, 0.12), rng.uniform(0.8, 0.99)),
    )
    corner = line((neck_x, neck_y), (neck_x, neck_y))
    bar_end = (rng.uniform(0.7, 1.15), rng.uniform(-0.1, 0.06))
    top = (neck_x + rng.uniform(0.0, 0.12), 0.03)
    kind = rng.random()
    if kind < 0.62:
        start = np.array(top) + rng.normal(0, 0.04, 2) + (rng.uniform(-0.25, 0.15), 0.0)
        bar = line(start, bar_end)
        if rng.random() < 0.3:
            bar = bar - (0.0, rng.uniform(0.03, 0.22))
        return [join([top], corner, bow), bar[:: rng.choice([1, 1, 1, -1])]]
    if kind < 0.85:
        return [join([bar_end], [top, top], corner, bow)]
    curve = join(line(bar_end, (0.5, 0.0), (0.2, 0.08), (0.14, 0.3), (0.4, neck_y)), bow[1:])
    return [curve * (rng.uniform(1.0, 1.8), 1.0)]  # also flat like an S


def six(rng: np.random.Generator) -> Plan:
    """A downstroke, straight or curved, that runs into a bowl of varying height."""
    high = rng.uniform(0.4, 0.66)
    right = rng.uniform(0.75, 0.95)
    start = (rng.uniform(0.3, 0.85), 0.0)
    down = line(start, (0.3, 0.2), (0.1, 0.5)) if rng.random() < 0.6 else line(start, (0.2, 0.35), (0.08, 0.62))
    if rng.random() < 0.2:
        down = join([(start[0] + rng.uniform(0.05, 0.2), rng.uniform(0.02, 0.14))], down)
    turn = line((0.1, 0.8), (0.28, 0.97), (0.6, 1.0), (right, 0.85), (right, high + 0.14), (0.62, high))
    end = rng.random()
    if end < 0.6:
        close = line((0.35, high + 0.05), (rng.uniform(0.05, 0.2), high + rng.uniform(0.15, 0.35)))
    elif end < 0.8:
        close = line((0.35, high + 0.08), (0.3, high + 0.22), (0.45, high + 0.28))
    else:
        close = line((0.4, high + 0.06))
    return [join(down, turn, close)]


def seven(rng: np.random.Generator) -> Plan:
    """A bar and a leg; sometimes with a serif at the start or a bar across the leg."""
    corner = (rng.uniform(0.75, 1.0), rng.uniform(0.0, 0.08))
    foot = (rng.uniform(0.15, 0.6), 1.0)
    sag = rng.uniform(-0.05, 0.1)
    start = (rng.uniform(0.0, 0.12), rng.uniform(0.0, 0.14))
    if rng.random() < 0.3:  # slim, or with a bar that rises
        left = rng.uniform(0.0, 0.45)
        start = (left, rng.uniform(0.0, 0.08) + rng.uniform(0.0, 0.45) * (corner[0] - left))
    bar = line(start, ((start[0] + corner[0]) / 2, (start[1] + corner[1]) / 2 + rng.normal(0.0, 0.03)), corner)
    if rng.random() < 0.25:
        bar = join([(start[0] + rng.normal(0, 0.03), start[1] + rng.uniform(0.06, 0.22)), start], bar)
    leg = line(((corner[0] + foot[0]) / 2 - sag, 0.5), foot)
    if rng.random() < 0.12:  # a short hook at the end; with a long one it would be a two
        leg = join(leg, [foot + np.array((rng.uniform(0.03, 0.15), -rng.uniform(0.0, 0.08)))])
    shape = join(bar, leg) if rng.random() < 0.25 else join(bar, bar[-1:], leg)
    plan = [shape] if rng.random() < 0.9 else [bar, join([np.array(corner) + rng.normal(0, 0.04, 2)], leg)]
    if rng.random() < 0.45:
        at = rng.uniform(0.4, 0.65)
        middle = corner[0] + (foot[0] - corner[0]) * at - sag
        left, right = rng.uniform(0.15, 0.42, 2)
        tilt = rng.normal(0.02, 0.07)
        plan.append(line((middle - left, at + tilt), (middle + right, at - tilt)))
    return plan


def nine(rng: np.random.Generator) -> Plan:
    """A bowl and a tail, straight or curled; closed, open or overlapping; in one stroke or two."""
    low = rng.uniform(0.28, 0.6)
    wide = rng.uniform(0.24, 0.45)
    start = rng.normal(-30, 20)
    right = 0.5 + wide
    if rng.random() < 0.12:
        bowl = arc((0.5, low / 2), (wide, low / 2), start, start - rng.normal(365, 15))
        return [bowl, _tail((right - 0.04, rng.uniform(0.0, low / 2)), rng)]
    around = np.clip(rng.normal(335, 25), 260, 400)
    bowl = arc((0.5, low / 2), (wide, low / 2), start, start - around, shrink=rng.uniform(0.85, 1.1))
    top = (right - rng.uniform(-0.04, 0.1), rng.uniform(0.0, 0.2))
    corner = [top, top] if rng.random() < 0.6 else [top]
    return [join(bowl, corner, _tail(top, rng)[1:])]


def _tail(top: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """The downstroke of a nine from `top`, as control points (n, 2)."""
    if rng.random() < 0.55:
        end = (top[0] - rng.uniform(-0.05, 0.45), 1.0)
        return line(top, ((top[0] + end[0]) / 2 + rng.uniform(-0.02, 0.08), 0.5), end)
    belly = top[0] + rng.uniform(-0.05, 0.12)
    end = (rng.uniform(-0.1, 0.3), rng.uniform(0.68, 0.97))
    return line(top, (belly, 0.5), (belly - 0.1, 0.86), (0.45, 1.0), end)


DIGIT_TEMPLATES = (zero, one, two, three, four, five, six, seven, eight, nine)
