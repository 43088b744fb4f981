"""Which part of a digit its reading rests on: an occlusion map.

A small patch of paper is laid over every place of the picture, and the network reads again
(Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 4.2,
whose patch is grey; on paper grey would be ink). How far the reading falls says what the covered
ink was worth. Only ink can be covered, so what a digit lacks does not show.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from digit_core.inference.litert import Classifier
from digit_core.inference.probabilities import N_DIGITS
from digit_core.preprocessing.normalize import SIDE
from digit_core.runs.run import Run

PATCH = 5  # pixels a side; a stroke is 2 to 3 pixels wide
MOST_PATCHES = 3  # how many are tried together to turn one digit into another
_BATCH = 96  # pictures at a time: larger ones are no faster and need more memory
_FAINTEST = 0.05  # of full ink: a patch over less covers nothing
_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "middle", "right")

Logits = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Patch:
    """A square of PATCH pixels a side in a model input; `place` says in words where on the digit it lies."""

    top: int
    left: int
    place: str


@dataclass(frozen=True)
class Explanation:
    """What one reading rests on.

    `log_odds`: natural logarithm of how much likelier `digit` is than `runner_up`, calibrated.
    `drop`: float32 (28, 28), by how much the log-odds fall, on average, when a patch that covers
    the pixel hides its ink; above 0 the ink speaks for `digit`, below 0 against it.
    `costliest`: the patch whose loss costs most, and `cost`, by how much the log-odds fall then.
    `against`: the patch whose loss helps most, and `gain`, by how much they rise; None if none does.
    `flip`: the fewest patches found that, covered together, let the picture be read as
    `runner_up`; empty if MOST_PATCHES do not.
    """

    digit: int
    runner_up: int
    log_odds: float
    drop: np.ndarray
    costliest: Patch
    cost: float
    against: Patch | None
    gain: float
    flip: tuple[Patch, ...]


class Explainer:
    """Explains a run's readings, with a network of its own so that nobody's reading has to wait for it."""

    def __init__(self, run: Run):
        """Raises DamagedRun if the run's model or calibration cannot be used."""
        self._classifier = Classifier(run.model_bytes())
        self._temperature = run.calibration.temperature

    def explain(self, model_input: np.ndarray) -> Explanation:
        """What the reading of a model input, float32 (28, 28), 0 to 1, rests on."""

        def logits(images: np.ndarray) -> np.ndarray:
            return self._classifier.logits_in_batches(images, _BATCH)

        return explain(logits, model_input, self._temperature)


def explain(logits: Logits, model_input: np.ndarray, temperature: float = 1.0) -> Explanation:
    """What a reading rests on.

    Parameters
    ----------
    logits : from float32 images (n, 28, 28) to float32 logits (n, k), the first ten the digits'.
    model_input : float32 (28, 28), 0 (paper) to 1 (ink).
    temperature : the run's; divides the logits.
    """
    own = _scaled(logits(model_input[None]), temperature)[0]
    digit, runner_up = (int(place) for place in np.argsort(-own, kind="stable")[:2])
    corners = _corners_with_ink(model_input)
    if not len(corners):  # blank: nothing to cover
        corners = np.array([[(SIDE - PATCH) // 2] * 2])
    scaled = _scaled(logits(_covered(model_input, corners)), temperature)
    drops = (own[digit] - own[runner_up]) - (scaled[:, digit] - scaled[:, runner_up])
    costliest, helpful = int(drops.argmax()), int(drops.argmin())
    return Explanation(
        digit=digit,
        runner_up=runner_up,
        log_odds=float(own[digit] - own[runner_up]),
        drop=_spread(corners, drops),
        costliest=_patch(model_input, corners[costliest]),
        cost=float(drops[costliest]),
        against=_patch(model_input, corners[helpful]) if drops[helpful] < 0 else None,
        gain=max(-float(drops[helpful]), 0.0),
        flip=_flip(logits, model_input, corners, scaled, digit, runner_up),
    )


def covered(model_input: np.ndarray, patches: tuple[Patch, ...]) -> np.ndarray:
    """A copy of a model input (28, 28) with paper over the patches."""
    copy = model_input.copy()
    for patch in patches:
        copy[patch.top : patch.top + PATCH, patch.left : patch.left + PATCH] = 0
    return copy


def _flip(
    logits: Logits, picture: np.ndarray, corners: np.ndarray, scaled: np.ndarray, digit: int, runner_up: int
) -> tuple[Patch, ...]:
    """Patches that together make it the runner-up: one if one does, else with what costs most covered, one more."""
    whole, chosen = picture, []
    while True:
        turned = np.flatnonzero(scaled.argmax(1) == runner_up)
        if len(turned):  # of those that do it, the one that takes least away
            left = _covered(picture, corners[turned]).sum(axis=(1, 2))
            return (*chosen, _patch(whole, corners[turned[left.argmax()]]))
        if len(chosen) == MOST_PATCHES - 1:
            return ()
        costliest = corners[(scaled[:, digit] - scaled[:, runner_up]).argmin()]
        chosen.append(_patch(whole, costliest))
        picture = _covered(picture, costliest[None])[0]
        corners = _corners_with_ink(picture)
        corners = corners[(corners % 2 == 0).all(axis=1)]  # every second place each way: a quarter of the time
        if not len(corners):
            return ()
        scaled = _scaled(logits(_covered(picture, corners)), 1.0)


def _scaled(logits: np.ndarray, temperature: float) -> np.ndarray:
    return logits[:, :N_DIGITS].astype(np.float64) / temperature


def _corners_with_ink(picture: np.ndarray) -> np.ndarray:
    """Top and left, int (n, 2), of every patch under which there is ink."""
    windows = np.lib.stride_tricks.sliding_window_view(picture, (PATCH, PATCH))
    return np.argwhere(windows.max(axis=(2, 3)) > _FAINTEST)


def _covered(picture: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The picture (28, 28) with one patch covered at a time: float32 (n, 28, 28)."""
    copies = np.repeat(picture[None].astype(np.float32), len(corners), axis=0)
    for copy, (top, left) in zip(copies, corners, strict=True):
        copy[top : top + PATCH, left : left + PATCH] = 0
    return copies


def _spread(corners: np.ndarray, drops: np.ndarray) -> np.ndarray:
    """Drops by patch -> by pixel: the mean over the patches that cover it; those not given hide no ink and cost 0."""
    total, count = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    for top in range(SIDE - PATCH + 1):
        for left in range(SIDE - PATCH + 1):
            count[top : top + PATCH, left : left + PATCH] += 1
    for (top, left), drop in zip(corners, drops, strict=True):
        total[top : top + PATCH, left : left + PATCH] += drop
    return (total / count).astype(np.float32)


def _patch(picture: np.ndarray, corner: np.ndarray) -> Patch:
    """The patch at that corner, and where on the ink of the picture (28, 28) its middle lies."""
    ink = np.argwhere(picture > _FAINTEST)
    low, high = (ink.min(0), ink.max(0) + 1) if len(ink) else (np.zeros(2), np.full(2, SIDE))
    # A narrow digit such as a 1 has no left and right worth telling apart.
    size = np.maximum(high - low, 2 * PATCH)
    part = (corner + PATCH / 2 - (low + high) / 2) / size + 0.5
    row, column = (int(third) for third in np.clip(np.floor(part * 3), 0, 2))
    place = "middle" if (row, column) == (1, 1) else f"{_ROWS[row]} {_COLUMNS[column]}"
    return Patch(int(corner[0]), int(corner[1]), place)
