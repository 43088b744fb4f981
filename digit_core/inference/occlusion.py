"""Which parts of an image a prediction rests on: an occlusion map.

A small patch of paper covers every position of the image in turn, and the network predicts again
(Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 4.2,
whose patch is grey; on paper grey would be ink). The drop in log-odds is the worth of the covered
ink. Only ink can be covered, so missing parts of a digit do not show.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from digit_core.inference.litert import Classifier
from digit_core.inference.probabilities import N_DIGITS
from digit_core.preprocessing.normalize import SIDE
from digit_core.runs.run import Run

PATCH = 5  # pixels a side; a stroke is 2 to 3 pixels wide
MOST_PATCHES = 3  # covered together, to turn one digit into another
_BATCH = 96  # images at a time: larger batches are no faster and need more memory
_FAINTEST = 0.05  # of full ink: fainter pixels are not covered
_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "middle", "right")

Logits = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Patch:
    """A square of PATCH pixels a side in a model input; `place` names its position on the digit."""

    top: int
    left: int
    place: str


@dataclass(frozen=True)
class Explanation:
    """The occlusion map of one prediction, in log-odds of `digit` against `runner_up`, calibrated.

    `drop`: float32 (28, 28), by how much the log-odds fall, on average, when a patch covers the
    pixel; above 0 the ink speaks for `digit`, below 0 against it.
    `costliest`: the patch that costs most when covered, and `cost`, by how much the log-odds fall then.
    `against`: the patch that helps most when covered, and `gain`, by how much they rise; None if none does.
    `flip`: the fewest patches found that, covered together, turn the prediction into `runner_up`;
    empty if MOST_PATCHES do not.
    """

    digit: int
    runner_up: int
    drop: np.ndarray
    costliest: Patch
    cost: float
    against: Patch | None
    gain: float
    flip: tuple[Patch, ...]


class Explainer:
    """Explains a run's predictions, with an interpreter of its own so that predictions need not wait."""

    def __init__(self, run: Run):
        """Raises DamagedRun if the run's model or calibration cannot be used."""
        self._classifier = Classifier(run.model_bytes())
        self._temperature = run.calibration.temperature

    def explain(self, model_input: np.ndarray) -> Explanation:
        """The occlusion map for a model input, float32 (28, 28), 0 to 1."""
        return explain(partial(self._classifier.logits_in_batches, size=_BATCH), model_input, self._temperature)


def explain(logits: Logits, model_input: np.ndarray, temperature: float = 1.0) -> Explanation:
    """The occlusion map for a model input, float32 (28, 28), 0 (paper) to 1 (ink).

    `logits` maps float32 images (n, 28, 28) to float32 logits (n, k), the first ten the digits';
    `temperature` divides them.
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
    logits: Logits, image: np.ndarray, corners: np.ndarray, scaled: np.ndarray, digit: int, runner_up: int
) -> tuple[Patch, ...]:
    """Patches that together make the runner-up the prediction: one if possible, else the costliest and more."""
    whole, chosen = image, []
    while True:
        turned = np.flatnonzero(scaled.argmax(1) == runner_up)
        if len(turned):  # of those that suffice, the one that covers least ink
            ink_left = _covered(image, corners[turned]).sum(axis=(1, 2))
            return (*chosen, _patch(whole, corners[turned[ink_left.argmax()]]))
        if len(chosen) == MOST_PATCHES - 1:
            return ()
        costliest = corners[(scaled[:, digit] - scaled[:, runner_up]).argmin()]
        chosen.append(_patch(whole, costliest))
        image = _covered(image, costliest[None])[0]
        corners = _corners_with_ink(image)
        corners = corners[(corners % 2 == 0).all(axis=1)]  # every second position each way, in a quarter of the time
        if not len(corners):
            return ()
        scaled = _scaled(logits(_covered(image, corners)), 1.0)


def _scaled(logits: np.ndarray, temperature: float) -> np.ndarray:
    return logits[:, :N_DIGITS].astype(np.float64) / temperature


def _corners_with_ink(image: np.ndarray) -> np.ndarray:
    """Top and left, int (n, 2), of every patch that covers ink."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (PATCH, PATCH))
    return np.argwhere(windows.max(axis=(2, 3)) > _FAINTEST)


def _covered(image: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The image (28, 28) with one patch covered at a time: float32 (n, 28, 28)."""
    copies = np.repeat(image[None].astype(np.float32), len(corners), axis=0)
    for copy, (top, left) in zip(copies, corners, strict=True):
        copy[top : top + PATCH, left : left + PATCH] = 0
    return copies


def _spread(corners: np.ndarray, drops: np.ndarray) -> np.ndarray:
    """Drop of each pixel (28, 28): the mean over the patches that cover it, 0 for those that cover no ink."""
    total = np.zeros((SIDE, SIDE))
    cover = np.convolve(np.ones(SIDE - PATCH + 1), np.ones(PATCH))  # patches over each row or column
    for (top, left), drop in zip(corners, drops, strict=True):
        total[top : top + PATCH, left : left + PATCH] += drop
    return (total / np.outer(cover, cover)).astype(np.float32)


def _patch(image: np.ndarray, corner: np.ndarray) -> Patch:
    """The patch at that corner, its place relative to the ink of the image (28, 28)."""
    ink = np.argwhere(image > _FAINTEST)
    low, high = (ink.min(0), ink.max(0) + 1) if len(ink) else (np.zeros(2), np.full(2, SIDE))
    # A narrow digit such as a 1 has no distinct left and right.
    size = np.maximum(high - low, 2 * PATCH)
    part = (corner + PATCH / 2 - (low + high) / 2) / size + 0.5
    row, column = (int(third) for third in np.clip(np.floor(part * 3), 0, 2))
    place = "middle" if (row, column) == (1, 1) else f"{_ROWS[row]} {_COLUMNS[column]}"
    return Patch(int(corner[0]), int(corner[1]), place)
