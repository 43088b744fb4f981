"""Search the settings with which a preset predicts validation images best, and publish the best run.

Optuna's tree-structured Parzen estimator (Bergstra et al. 2011) suggests settings, the preset's own first; ASHA
stops the worse trials early. The test images are used once, for the best trial, when it is published.
"""

import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digit_core.cluster.adoption import publish_trained
from digit_core.cluster.connection import connected
from digit_core.cluster.search_space import config_of, distributions, own_values, search_space
from digit_core.cluster.trial_worker import LOSS, TrialJob
from digit_core.errors import InvalidConfig, TrainingFailed
from digit_core.jobs.trainings import new_folder
from digit_core.runs.run import Run
from digit_core.runs.searches import (
    Search,
    SearchCost,
    Trial,
    best_trial,
    read_trials,
    search_folder,
    write_importance,
    write_search,
    write_trials,
)

_ENOUGH = 4  # trials, to tell how much a setting matters
_RANDOM_TRIALS = 8  # before the estimator has enough to go by


@dataclass(frozen=True)
class Limits:
    """Processor cores of a trial, and seconds after which it is stopped."""

    cpus: int = 1
    seconds: float = 3600.0


def new_search(
    base: Mapping[str, Any], *, trials: int, name: str | None, storage: str | None, rung: int | None, command: str
) -> Search:
    """A search that is not begun: `base` has the preset, and settings that all trials share.

    Raises InvalidConfig if a setting is wrong, or if there is a search of that name.
    """
    if trials < 1:
        raise InvalidConfig(f"trials should be at least 1, got {trials}")
    config = config_of(base, {})
    name = name or f"{time.strftime('%Y%m%d-%H%M%S')}-{config.preset.replace('_', '-')}"
    folder = search_folder(name)
    if folder.exists():
        raise InvalidConfig(f"There is a search named {name} already; resume it with --resume, or choose another name.")
    rung = rung or max(config.epochs // 4, 1)
    if rung > config.epochs:
        raise InvalidConfig(f"rung should be at most the {config.epochs} epochs, got {rung}")
    return Search(
        name=name,
        preset=config.preset,
        data=config.data,
        epochs=config.epochs,
        rung=rung,
        trials=trials,
        seed=config.seed,
        settings=tuple(dimension.setting for dimension in search_space(config)),
        storage=f"{storage.rstrip('/')}/{name}" if storage else str(folder / "storage"),
        command=command,
        created=time.time(),
    )


def run_search(
    search: Search,
    base: Mapping[str, Any],
    limits: Limits,
    *,
    address: str | None = None,
    resume: bool = False,
    activate: bool = True,
    changed: Callable[[list[Trial]], None] = lambda trials: None,
) -> Run:
    """Run all trials of a search, or those that are missing, on the cluster at `address`, and publish the best.

    `changed` is called with all trials when one has changed. Returns the best trial's run.
    Raises DigitError, or KeyboardInterrupt: `resume` then goes on.
    """
    with tempfile.TemporaryDirectory() as temporary:
        with connected(address) as cores:
            search, best, outcome = _run_trials(search, base, limits, cores, resume, changed)
            folder = outcome.fetch(Path(temporary) / "trial")
        return _publish(search, best, folder, activate=activate)


def _run_trials(
    search: Search,
    base: Mapping[str, Any],
    limits: Limits,
    cores: int,
    resume: bool,
    changed: Callable[[list[Trial]], None],
) -> tuple[Search, Trial, Any]:
    """The search with its cost, its best trial, and that trial's outcome."""
    from digit_core.cluster.tuning import TrialOutcome, check_storage, mnist_content, run_trials

    storage = check_storage(search.storage)
    write_search(search)
    numbers = {trial.id: trial.number for trial in read_trials(search)} if resume else {}

    def record(outcomes: Sequence[TrialOutcome]) -> list[Trial]:
        # Ray lists resumed trials in another order, and without one that began in the second before a kill.
        ordered = sorted(outcomes, key=lambda each: numbers.get(each.id, math.inf))
        trials = [_trial(each, number) for number, each in enumerate(ordered, 1)]
        numbers.update({trial.id: trial.number for trial in trials})
        write_trials(search, trials)
        changed(trials)
        return trials

    job = TrialJob(
        base=dict(base),
        command=search.command,
        rung=search.rung,
        seconds=limits.seconds,
        cpus=limits.cpus,
        mnist=mnist_content(search.data),
    )
    started, used = time.monotonic(), time.process_time()
    outcomes = run_trials(job, storage, resume=resume, changed=record, trials=search.trials, **_strategy(search, base))
    trials = record(outcomes)
    if not resume:
        cost = {"seconds": time.monotonic() - started, "driver_seconds": time.process_time() - used}
        search = search.model_copy(update={"cost": SearchCost(cores=cores, **cost)})
        write_search(search)
    write_importance(search, importance(search, base, trials))
    best = best_trial(trials)
    if best is None:
        reasons = {trial.problem for trial in trials if trial.problem}
        raise TrainingFailed(f"No trial of {search.name} was trained to its end. {' '.join(sorted(reasons))}".strip())
    (outcome,) = (each for each in outcomes if each.id == best.id)
    return search, best, outcome


def _strategy(search: Search, base: Mapping[str, Any]) -> dict[str, Any]:
    """Sampler and scheduler, as `tuning.run_trials` takes them."""
    import optuna
    from ray.tune.search.optuna import OptunaSearch

    from digit_core.cluster.tuning import early_stopping

    config = config_of(base, {})
    space = distributions(search_space(config))
    own = own_values(config)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=search.seed, n_startup_trials=_RANDOM_TRIALS, constant_liar=True)
    searcher = OptunaSearch(space, metric=LOSS, mode="min", points_to_evaluate=[own], sampler=sampler)
    return {"searcher": searcher, "scheduler": early_stopping(search.epochs, search.rung, own)}


def _trial(outcome: Any, number: int) -> Trial:
    last, problem = outcome.last, outcome.error or outcome.last.get("problem", "")
    if problem:
        state = "failed"
    elif not outcome.ended:
        state = "running"
    else:
        state = "finished" if last.get("complete") else "stopped early"
    has_figures = not last.get("problem") and LOSS in last
    figures = {name: last[name] for name in (LOSS, "validation_accuracy", "early_loss", "seconds") if has_figures}
    return Trial(
        number=number,
        id=outcome.id,
        state=state,
        settings=dict(outcome.values),
        epochs=last.get("epoch", 0),
        node=last.get("node", ""),
        problem=problem,
        **figures,
    )


def _publish(search: Search, best: Trial, folder: Path, *, activate: bool) -> Run:
    """The best trial's run. Its name is recorded before, so that a kill does not lead to a second one."""
    if search.best != best.number or search.run is None:
        search = search.model_copy(update={"best": best.number, "run": new_folder(search.preset).name})
        write_search(search)
    run = publish_trained(folder, search.run, activate=activate)
    write_search(search.model_copy(update={"finished": True}))
    return run


def importance(search: Search, base: Mapping[str, Any], trials: Sequence[Trial]) -> dict[str, float]:
    """The share of each setting in how the loss after the first rung varies; empty for fewer than four trials.

    Functional analysis of variance with a forest of trees (Hutter, Hoos and Leyton-Brown 2014), by Optuna.
    """
    import optuna

    space = distributions(search_space(config_of(base, {})))
    usable = [trial for trial in trials if trial.early_loss is not None]
    if len(usable) < _ENOUGH:
        return {}
    study = optuna.create_study(direction="minimize")
    for trial in usable:
        study.add_trial(optuna.trial.create_trial(params=trial.settings, distributions=space, value=trial.early_loss))
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=search.seed)
    try:
        return optuna.importance.get_param_importances(study, evaluator=evaluator)
    except RuntimeError:  # all losses are the same
        return {}
