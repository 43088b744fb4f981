"""How long a training will take, from the last ones on this machine."""

from functools import lru_cache
from itertools import islice
from statistics import median

from digit_core.errors import DamagedRun
from digit_core.jobs.training_job import Job
from digit_core.jobs.warm_trainer import is_warm
from digit_core.runs.config import TrainingConfig
from digit_core.runs.run import SHIPPED, Run, list_runs
from digit_core.runs.schemas import Timings

_LOOKED_AT = 40  # runs, the newest: an early one may be of another machine or another version
_USED = 3  # of those that tell something, the newest
_IMAGES = {"mnist": 60_000, "digits": 1438}
# What is assumed if nothing is known; it decides only how the bar is divided, and is shown to nobody.
_UNKNOWN = Timings(before=5.0, fit=0.0, after=3.0)
_UNKNOWN_PER_IMAGE = 1e-4  # seconds


def seconds_for(config: TrainingConfig) -> float | None:
    """Seconds from the request to the active run expected for a configuration; None if nothing is known.

    Known are the seconds per image and epoch of the last runs of the same preset that this machine trained,
    preferably on the same data and with the same batch size.
    """
    timings, is_known = expected_timings(config, warm=is_warm())
    return timings.before + timings.fit + timings.after if is_known else None


def expected_timings(config: TrainingConfig, *, warm: bool) -> tuple[Timings, bool]:
    """The seconds of each stage, and whether they are known; if not, they are a guess."""
    runs = list(islice((run for run in list_runs().runs if run.name != SHIPPED), _LOOKED_AT))
    costs = [
        (run, cost)
        for run in runs
        if run.config.preset == config.preset
        and bool(run.config.base_run) == bool(config.base_run)
        and (cost := _cost(run)) is not None
    ]
    alike = [
        pair
        for same in (("data", "batch_size"), ("data",), ())
        for pair in costs
        if all(getattr(pair[0].config, name) == getattr(config, name) for name in same)
    ]
    best = [cost for _, cost in list(dict(alike).items())[:_USED]]
    seconds = [timings for run in runs if (timings := _timings(run)) is not None]
    before = [each.before for each in seconds if each.warm == warm][:_USED]
    after = [each.after for each in seconds][:_USED]
    images = _IMAGES[config.data] * (1 - config.validation_fraction) * config.epochs
    if best:
        fit = median(first for first, _ in best) + images * median(each for _, each in best)
    else:
        fit = images * _UNKNOWN_PER_IMAGE
    return Timings(
        before=median(before) if before else (0.5 if warm else _UNKNOWN.before),
        fit=fit,
        after=median(after) if after else _UNKNOWN.after,
        warm=warm,
    ), bool(best)


def _cost(run: Run) -> tuple[float, float] | None:
    """The seconds that the first epoch took longer than the others, and those per image and epoch."""
    return _cost_of(run, run.fingerprint) if _timings(run) is not None else None


@lru_cache(maxsize=256)
def _cost_of(run: Run, _fingerprint: str) -> tuple[float, float] | None:
    try:
        ends, images = [row["seconds"] for row in run.history()], run.metrics.training_images
    except DamagedRun:
        return None
    if not images or not ends:
        return None
    if len(ends) == 1:
        return 0.0, ends[0] / images
    each = max(ends[-1] - ends[0], 0.0) / (len(ends) - 1)
    return max(ends[0] - each, 0.0), each / images


def _timings(run: Run) -> Timings | None:
    """What the stages of its training took here; None for a run that was copied, or is of an earlier version."""
    progress = Job(run.path).progress()
    return progress.timings if progress and progress.state == "finished" else None
