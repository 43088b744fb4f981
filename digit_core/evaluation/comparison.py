"""Two runs on the same images, and runs that differ in their seed alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from digit_core.errors import DamagedRun
from digit_core.runs.run import Predictions, Run


@dataclass(frozen=True)
class Disagreement:
    """How two runs, A and B, read the same n test images; boolean arrays (n,), one true for each image.

    `both_wrong` counts images that both misread, `differently_wrong` those of them that they
    read as different digits. `p_value` is that of `mcnemar`.
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
        raise DamagedRun("These runs were tested on different images, so their readings cannot be compared.")
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


def mcnemar(only_a: int, only_b: int) -> float:
    """The p-value of McNemar's test in its exact, two-sided form (McNemar 1947).

    How probable it is, were both runs equally good, that the images which only one of them reads
    right are shared out as unevenly as `only_a` to `only_b`, or more so: a binomial test of 1/2.
    """
    n = only_a + only_b
    ways = tail = 1  # of choosing 0 of n, in whole numbers, which neither overflow nor round
    for chosen in range(min(only_a, only_b)):
        ways = ways * (n - chosen) // (chosen + 1)
        tail += ways
    return min(2 * tail / 2**n, 1.0)


@dataclass(frozen=True)
class Spread:
    """The mean of n values and its 95 % interval by Student's t; None when one value has no spread."""

    mean: float
    interval: tuple[float, float] | None
    n: int


def spread(values: Sequence[float]) -> Spread:
    """Mean and interval of what several seeds reached."""
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return Spread(mean, None, n)
    from scipy.special import stdtrit  # the inverse of Student's t; loaded only where it is wanted

    half = float(stdtrit(n - 1, 0.975) * np.std(values, ddof=1) / np.sqrt(n))
    return Spread(mean, (mean - half, mean + half), n)


def by_seed(runs: Iterable[Run]) -> list[list[Run]]:
    """The runs in groups that differ in nothing but their seed, in the order in which they come.

    Of runs that do not even differ in that, the first one counts: the same training twice says
    nothing about other seeds. What a run was computed in tells it apart only from runs of which
    that is known too.
    """
    groups: list[_Group] = []
    for run in runs:
        settings = (run.config.model_dump(exclude={"seed"}), run.environment.data_digest)
        group = next((group for group in groups if group.settings == settings and group.may_take(run)), None)
        if group is None:
            groups.append(group := _Group(settings))
        group.take(run)
    return [list(group.runs.values()) for group in groups]


class _Group:
    """Runs with the same settings, by seed."""

    def __init__(self, settings: tuple):
        self.settings = settings
        self.runs: dict[int, Run] = {}
        self._computed_in: str | None = None

    def may_take(self, run: Run) -> bool:
        return None in (self._computed_in, run.environment.compute_dtype) or (
            self._computed_in == run.environment.compute_dtype
        )

    def take(self, run: Run) -> None:
        self.runs.setdefault(run.config.seed, run)
        self._computed_in = self._computed_in or run.environment.compute_dtype


def data_of(runs: Iterable[Run]) -> dict[tuple[str, str], list[Run]]:
    """The runs by the data set they were trained and tested on: its name and its digest."""
    found: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        found.setdefault((run.config.data, run.environment.data_digest), []).append(run)
    return found
