"""Pen strokes: lines and arcs through control points, and random handwritten versions of them.

A *plan* is a list of strokes, each an array (n, 2) of control points in a box of about
1 x 1, x to the right and y down. A repeated control point is a corner.
"""

from collections.abc import Sequence

import numpy as np

Plan = list[np.ndarray]

_PIECES = 6  # points of a curve per pair of control points
_T = np.arange(_PIECES)[:, None] / _PIECES
_CATMULL_ROM = 0.5 * np.hstack(  # weights of four neighbouring control points along a piece
    [-_T + 2 * _T**2 - _T**3, 2 - 5 * _T**2 + 3 * _T**3, _T + 4 * _T**2 - 3 * _T**3, -(_T**2) + _T**3]
)


def line(*points: Sequence[float]) -> np.ndarray:
    """Control points of a stroke, shape (n, 2)."""
    return np.array(points, dtype=np.float64)


def corners(*points: Sequence[float]) -> np.ndarray:
    """Control points of a stroke of straight lines, shape (2n, 2)."""
    return np.repeat(line(*points), 2, axis=0)


def arc(centre: Sequence[float], radius: Sequence[float], start: float, stop: float, shrink: float = 1.0) -> np.ndarray:
    """Control points along an ellipse, shape (n, 2).

    Angles are in degrees: 0 is right, 90 is down. The radius changes to `shrink` times its
    value on the way, which makes a spiral.
    """
    count = max(int(abs(stop - start) / 40) + 1, 3)
    angle = np.radians(np.linspace(start, stop, count))
    size = np.linspace(1.0, shrink, count)[:, None]
    return np.asarray(centre) + size * np.asarray(radius) * np.column_stack([np.cos(angle), np.sin(angle)])


def join(*parts: np.ndarray) -> np.ndarray:
    """One stroke from the control points of several, in order."""
    return np.concatenate(parts)


def smooth(points: np.ndarray) -> np.ndarray:
    """Curve (m, 2) through control points (n, 2): a uniform Catmull-Rom spline."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    neighbours = np.stack([padded[i : len(points) - 1 + i] for i in range(4)], axis=1)
    neighbours = neighbours[(neighbours[:, 1] != neighbours[:, 2]).any(axis=1)]
    curve = np.einsum("pk,nkd->npd", _CATMULL_ROM, neighbours).reshape(-1, 2)
    return np.concatenate([curve, points[-1:]])


def perturb(plan: Plan, rng: np.random.Generator, *, strength: float = 1.0) -> Plan:
    """A random handwritten version of a plan: curves of shape (n, 2), at no particular position or size.

    Control points and strokes move a little; then the whole is warped smoothly, stretched, slanted
    and rotated. `strength` 0 gives the plan's own curves.
    """
    amount = strength * rng.uniform(0.25, 1.2)
    strokes = []
    for points in plan:
        repeated = np.concatenate([[False], (np.diff(points, axis=0) == 0).all(axis=1)])
        shift = rng.normal(0, 0.028 * amount, points.shape)
        corner = np.flatnonzero(repeated)
        shift[corner] = shift[corner - 1]  # both points of a corner move together
        points = points + shift + rng.normal(0, 0.022 * amount, 2)
        if corner.size and len(points) > 4 and rng.random() < 0.25:
            points = points[~repeated]  # some people round their corners
        strokes.append(smooth(points))
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    warped = _warp(np.concatenate(strokes), 0.05 * amount, rng)
    return np.split(warped @ _random_slant(amount, rng).T, ends)


def rotation(angle: float) -> np.ndarray:
    """The matrix (2, 2) of a rotation by `angle` radians."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _warp(points: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Points moved by a smooth random field: three waves of about the character's size."""
    wave = rng.normal(0, 3.5, (3, 2))
    phase = rng.uniform(0, 2 * np.pi, 3)
    push = rng.normal(0, strength, (3, 2))
    return points + np.sin(points @ wave.T + phase) @ push


def _random_slant(amount: float, rng: np.random.Generator) -> np.ndarray:
    """Matrix (2, 2) that stretches, slants (to the right more often than to the left) and rotates."""
    stretch = np.exp(rng.normal(-0.05, 0.27 * amount))
    slant = rng.normal(0.12, 0.22) * amount
    angle = rng.normal(0, 0.09) * amount
    return rotation(angle) @ np.array([[1.0, -slant], [0.0, 1.0]]) @ np.diag([stretch, 1.0])
