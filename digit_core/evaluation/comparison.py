"""Compare two runs on the same images, and group runs that differ only in their seed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from digit_core.errors import DamagedRun
from digit_core.runs.activation_rule import mcnemar
from digit_core.runs.run import Predictions, Run


@dataclass(frozen=True)
class Disagreement:
    """How two runs, A and B, predict the same n test images; boolean arrays (n,), one true for each image.

    `both_wrong` marks images that both misclassify, `differently_wrong` those of them for which they
    predict different digits. `p_value` is that of `mcnemar`.
    """

    both_right: np.ndarray
    only_a: np.ndarray
    only_b: np.ndarray
    both_wrong: np.ndarray
    differently_wrong: np.ndarray
    p_value: float


def disagreement(a: Predictions, b: Predictions) -> Disagreement:
    """Where two runs disagree. Raises DamagedRun if they were not tested on the same images."""
    if not np.array_equal(a.labels, b.labels):
        raise DamagedRun("These runs were tested on different images, so their predictions cannot be compared.")
    right_a, right_b = a.predicted == a.labels, b.predicted == b.labels
    only_a, only_b = right_a & ~right_b, right_b & ~right_a
    both_wrong = ~right_a & ~right_b
    return Disagreement(
        both_right=right_a & right_b,
        only_a=only_a,
        only_b=only_b,
        both_wrong=both_wrong,
        differently_wrong=both_wrong & (a.predicted != b.predicted),
        p_value=mcnemar(int(only_a.sum()), int(only_b.sum())),
    )


@dataclass(frozen=True)
class Spread:
    """The mean of n values and its 95 % interval by Student's t; None for a single value."""

    mean: float
    interval: tuple[float, float] | None
    n: int


def spread(values: Sequence[float]) -> Spread:
    """Mean and interval of the results of several seeds."""
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return Spread(mean, None, n)
    from scipy.special import stdtrit  # the inverse of Student's t; loaded when it is needed

    half = float(stdtrit(n - 1, 0.975) * np.std(values, ddof=1) / np.sqrt(n))
    return Spread(mean, (mean - half, mean + half), n)


def by_seed(runs: Iterable[Run]) -> list[list[Run]]:
    """The runs in groups that differ only in their seed, in the given order.

    Of runs with the same seed the first one counts: a repeated training says nothing about other
    seeds. Runs with different known compute dtypes are kept apart.
    """
    groups: list[tuple[tuple, list[Run]]] = []
    for run in runs:
        settings = (run.config.model_dump(exclude={"seed"}), run.environment.data_digest)
        group = next((group for same, group in groups if same == settings and _same_dtype(group, run)), None)
        if group is None:
            groups.append((settings, [run]))
        elif all(run.config.seed != other.config.seed for other in group):
            group.append(run)
    return [group for _, group in groups]


def _same_dtype(group: list[Run], run: Run) -> bool:
    return len({other.environment.compute_dtype for other in (*group, run)} - {None}) < 2


def data_of(runs: Iterable[Run]) -> dict[tuple[str, str], list[Run]]:
    """The runs by the data set they were trained and tested on: its name and its digest."""
    found: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        found.setdefault((run.config.data, run.environment.data_digest), []).append(run)
    return found
