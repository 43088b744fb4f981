"""When the run of a training becomes the active one by itself.

The active run predicts for everybody, so a training replaces it only if that is no step back: on the
same data, and not significantly worse on the same test images; or on MNIST after the few bundled digits. One
that learned from drawings is compared with the run that it comes from: see `judge_adaptation`.
"""

from dataclasses import dataclass

import numpy as np

from digit_core.runs.run import SHIPPED, Run
from digit_core.runs.run_names import parse_run_name
from digit_core.runs.schemas import Adaptation

ALPHA = 0.05  # of the test: a p-value below counts as significant
MOST_LOST = 0.001  # share of the test images that a run may lose for what it learns from drawings
MOST_CONTRADICTED = 0.2  # share of the labels ...
ENOUGH_DRAWINGS = 10  # ... of so many: a few cannot contradict each other
_TITLES = {"mnist": "MNIST", "digits": "the bundled digits"}


@dataclass(frozen=True)
class Verdict:
    """Whether to activate a run, and why, as a sentence without its full stop."""

    activate: bool
    reason: str


def judge(new: Run, active: Run) -> Verdict:
    """Whether a new run may replace the active one. Raises DamagedRun if one of them cannot be read."""
    if (adaptation := new.adaptation()) is not None:
        verdict = judge_adaptation(adaptation)
        if not verdict.activate or adaptation.base_run == active.name:
            return verdict
    if new.environment.data_digest != active.environment.data_digest:
        return _other_data(new, active)
    ours, theirs = new.predictions(), active.predictions()
    if not np.array_equal(ours.labels, theirs.labels):
        return _kept(f"it was not tested on the same images as {_title(active)}, so they cannot be compared")
    is_right, was_right = ours.predicted == ours.labels, theirs.predicted == theirs.labels
    only_new, only_active = int((is_right & ~was_right).sum()), int((was_right & ~is_right).sum())
    p = mcnemar(only_new, only_active)
    fewer = only_active - only_new
    images = f"test image{'' if abs(fewer) == 1 else 's'} correct than {_title(active)}"
    test = f"(McNemar p {'< 0.001' if p < 0.001 else f'= {p:.2g}'})"
    if fewer > 0 and p < ALPHA:
        return _kept(f"{fewer:,} fewer {images} {test}")
    if fewer == 0:
        return _activated(f"as many test images correct as {_title(active)}")
    if fewer > 0:
        return _activated(f"{fewer:,} fewer {images}, which may be chance {test}")
    return _activated(f"{-fewer:,} more {images} {test}")


def judge_adaptation(adaptation: Adaptation) -> Verdict:
    """Whether a run that learned from drawings may replace the run that it comes from."""
    test, held = adaptation.test, adaptation.held_back
    lost = test.before - test.after
    if lost > MOST_LOST * test.images:
        return _kept(f"{lost:,} fewer of {test.images:,} test images correct than before, more than {MOST_LOST:.1%}")
    if held.after < held.before:
        return _kept(f"of {held.images} drawings held back {held.after} are predicted correctly, {held.before} before")
    is_enough = adaptation.drawings >= ENOUGH_DRAWINGS
    if is_enough and adaptation.contradicted > MOST_CONTRADICTED * adaptation.drawings:
        return _kept(
            f"{adaptation.contradicted} of {adaptation.drawings} labels contradict the others; see them in My drawings"
        )
    learned = f"of the drawings learned from {adaptation.learned.after} of {adaptation.learned.images} are right"
    held_back = f", of those held back {held.after} of {held.images} ({held.before} before)" if held.images else ""
    return _activated(f"{learned}{held_back}; test images right: {-lost:+,} of {test.images:,}".replace("-", "−"))


def mcnemar(only_a: int, only_b: int) -> float:
    """The p-value of McNemar's exact, two-sided test (McNemar 1947): a binomial test with p = 1/2.

    `only_a` and `only_b` count the images that only one of the runs classifies correctly.
    """
    from scipy.special import bdtr  # scipy.stats.binomtest would add 46 MB and 0.4 s to the app

    return min(2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)), 1.0)


def _other_data(new: Run, active: Run) -> Verdict:
    ours, theirs = new.config.data, active.config.data
    if (ours, theirs) == ("mnist", "digits"):
        return _activated(f"trained on {_TITLES[ours]}, {_title(active)} only on {_TITLES[theirs]}")
    if ours == theirs:
        return _kept(f"trained on another version of {_TITLES[ours]} than {_title(active)}")
    return _kept(f"trained on {_TITLES[ours]}, {_title(active)} on {_TITLES[theirs]}")


def _title(run: Run) -> str:
    if run.name == SHIPPED:
        return "the shipped model"
    return parsed.title if (parsed := parse_run_name(run.name)) else run.name


def _activated(reason: str) -> Verdict:
    return Verdict(True, f"Activated: {reason}")


def _kept(reason: str) -> Verdict:
    return Verdict(False, f"Kept, not activated: {reason}")
