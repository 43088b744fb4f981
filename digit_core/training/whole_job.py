"""How much of a whole job is done, from the request to the active run, and how long the rest will take."""

import time
from collections.abc import Callable

from digit_core.jobs.estimates import expected_timings
from digit_core.runs.config import TrainingConfig
from digit_core.runs.schemas import Progress, Timings

_ALMOST = 0.95  # of a stage whose end is not known before it comes


class WholeJob:
    """Adds `done`, `seconds_left` and `timings` to what the training reports of its own part.

    The stages (before the first epoch, the epochs, after them) have shares of the bar in proportion to the
    seconds that they are expected to take. The shares stay as they are, so the share done never decreases.
    """

    def __init__(
        self, last: Progress | None, config: TrainingConfig, *, warm: bool, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock, self._warm = clock, warm
        self._started = last.started if last and last.started else clock()
        self._expected, self._is_known = expected_timings(config, warm=warm)
        self._fit_began: float | None = None
        self._fit_ended: float | None = None
        self._done = 0.0
        self._last = Progress()  # of the epochs

    def progress(self, progress: Progress) -> Progress:
        """The progress with the fields that are about the whole job."""
        expected, now = self._expected, self._clock()
        total = expected.before + expected.fit + expected.after
        left: float | None
        if progress.state == "training" and not progress.steps:
            spent = min(now - self._started, expected.before * _ALMOST)
            left = total - spent if self._is_known else None
            done = spent
        elif progress.state == "training":
            self._fit_began, self._last = self._fit_began or now, progress
            share = progress.fraction
            left = progress.seconds_left
            if left is None and self._is_known:
                left = expected.fit * (1 - share)
            left = None if left is None else left + expected.after
            done = expected.before + expected.fit * share
        else:
            self._fit_ended = self._fit_ended or now
            spent = min(now - self._fit_ended, expected.after * _ALMOST)
            kept = {"state": progress.state, "message": progress.message, "updated": progress.updated}
            progress = self._last.model_copy(update=kept)  # with loss and curve
            left, done = expected.after - spent, expected.before + expected.fit + spent
        self._done = min(max(self._done, done / total), 1.0)
        values = {"done": self._done, "seconds_left": left, "started": self._started, "timings": self._timings(now)}
        return progress.model_copy(update=values)

    def _timings(self, now: float) -> Timings | None:
        if self._fit_ended is None:
            return None
        began = self._fit_began or self._fit_ended  # it had stopped early before it was resumed
        return Timings(
            before=max(began - self._started, 0.0),
            fit=max(self._fit_ended - began, 0.0),
            after=max(now - self._fit_ended, 0.0),
            warm=self._warm,
        )
