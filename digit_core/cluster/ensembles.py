"""Train several seeds of a preset, and distil the mean of their predictions into one network.

Members are runs; those that exist are not trained again. The student is a run whose `teachers` they are. Each network
sees the test images once, when its run is published; the ensemble's figures are the mean of its members' stored
probabilities.
"""

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from digit_core.cluster.adoption import publish_trained
from digit_core.cluster.connection import connected
from digit_core.cluster.search_space import config_of
from digit_core.cluster.trial_worker import TrialJob
from digit_core.errors import DamagedRun, InvalidConfig, TrainingFailed
from digit_core.evaluation.report import evaluate
from digit_core.jobs.trainings import new_folder
from digit_core.runs.config import TrainingConfig, parse_config, training_config
from digit_core.runs.run import Run, list_runs, open_run
from digit_core.runs.schemas import Metrics
from digit_core.storage import paths


@dataclass(frozen=True)
class EnsembleResult:
    """The members' runs, the metrics of their mean on the test images, and the run distilled from it."""

    members: tuple[Run, ...]
    ensemble: Metrics
    student: Run


@dataclass(frozen=True)
class Training:
    """How the trainings of an ensemble run: command, cores and seconds of each, storage, and the cluster's address."""

    command: str
    cpus: int = 1
    seconds: float = 24 * 3600.0
    storage: str | None = None
    address: str | None = None
    activate: bool = True


def member_configs(base: Mapping[str, Any], count: int) -> list[TrainingConfig]:
    """Configurations that differ in their seed alone. Raises InvalidConfig."""
    if count < 2:
        raise InvalidConfig(f"members should be at least 2, got {count}")
    return [config_of(base, {"seed": seed}) for seed in range(count)]


def existing_members(names: Sequence[str]) -> list[Run]:
    """The runs of these names. Raises UnknownRun or DamagedRun, or InvalidConfig if they cannot be averaged."""
    runs = [open_run(name) for name in names]
    if len(set(names)) < 2 or len(set(names)) < len(names):
        raise InvalidConfig("An ensemble takes at least two runs, each named once.")
    if len({run.environment.data_digest for run in runs}) > 1:
        raise InvalidConfig("The runs were trained on different data, so they cannot be averaged.")
    return runs


def train_members(
    configs: Sequence[TrainingConfig], training: Training, changed: Callable[[str], None] = print
) -> list[Run]:
    """A run for each configuration: one that exists, or one trained now. Raises DigitError."""
    found = {config.seed: run for config in configs if (run := _run_with(config))}
    missing = [config for config in configs if config.seed not in found]
    found |= _train(missing, _identity(configs), training, {}, changed, activate=False)
    return [found[config.seed] for config in configs]


def student_config(members: Sequence[Run], **settings: Any) -> TrainingConfig:
    """The first member's settings, and the members as teachers, whose probabilities are soft labels already.

    A member that was trained further has settings for a few epochs; then they are its preset's. Raises InvalidConfig.
    """
    first = members[0].config
    if first.base_run:
        first = training_config(preset=first.preset, data=first.data)
    changed = {"teachers": tuple(run.name for run in members), "label_smoothing": 0.0, **settings}
    return parse_config({**first.model_dump(), **changed})


def distil(config: TrainingConfig, training: Training, changed: Callable[[str], None] = print) -> Run:
    """The student's run: the one that exists, or one trained now. Raises DigitError."""
    if run := _run_with(config):
        return run
    models = {name: open_run(name).model_bytes() for name in config.teachers}
    return _train([config], _identity([config]), training, models, changed, activate=training.activate)[config.seed]


def ensemble_metrics(members: Sequence[Run]) -> Metrics:
    """The metrics of the members' mean probabilities on the test images. Raises DamagedRun."""
    predictions = [run.predictions() for run in members]
    labels = predictions[0].labels
    if any(not np.array_equal(labels, each.labels) for each in predictions):
        raise DamagedRun("The members were tested on different images, so they cannot be averaged.")
    mean = np.mean([each.probabilities for each in predictions], axis=0)
    parameters = sum(run.metrics.parameters for run in members)
    return evaluate(mean / mean.sum(1, keepdims=True), labels, parameters=parameters)


def _train(
    configs: Sequence[TrainingConfig],
    identity: str,
    training: Training,
    models: Mapping[str, bytes],
    changed: Callable[[str], None],
    *,
    activate: bool,
) -> dict[int, Run]:
    """Train these configurations, or go on where a former call with this identity was stopped; their runs, by seed."""
    if not configs:
        return {}
    from digit_core.cluster.tuning import TrialOutcome, check_storage, mnist_content, run_trials

    base = configs[0].model_dump(exclude={"seed"})
    parent = training.storage or str(paths.home() / "ensembles")

    def tell(outcomes: Sequence[TrialOutcome]) -> None:
        parts = [
            f"seed {each.values['seed']}: epoch {each.last.get('epoch', 0)} of {configs[0].epochs}" for each in outcomes
        ]
        changed(", ".join(sorted(parts)))

    job = TrialJob(
        base=base,
        command=training.command,
        rung=1,
        seconds=training.seconds,
        cpus=training.cpus,
        mnist=mnist_content(configs[0].data),
        models=models,
    )
    points = [{"seed": config.seed} for config in configs]
    with tempfile.TemporaryDirectory() as temporary:
        with connected(training.address):
            storage = check_storage(f"{parent.rstrip('/')}/{identity}")
            outcomes = run_trials(job, storage, resume=True, changed=tell, points=points)
            found = {outcome.values["seed"]: outcome for outcome in outcomes}
            folders = {
                config.seed: _fetched(found.get(config.seed), storage, Path(temporary) / str(config.seed))
                for config in configs
            }
        return {
            config.seed: publish_trained(folders[config.seed], new_folder(config.preset).name, activate=activate)
            for config in configs
        }


def _fetched(outcome: Any, storage: str, target: Path) -> Path:
    """The folder of a training that is complete. Raises TrainingFailed."""
    problem = (
        "it is not among those in the storage." if outcome is None else outcome.error or outcome.last.get("problem")
    )
    if problem:
        raise TrainingFailed(f"A training failed: {problem} Delete {storage} to begin its trainings anew.")
    return outcome.fetch(target)


def _identity(configs: Sequence[TrainingConfig]) -> str:
    """The name of the folder for these trainings, by which the same command finds them again."""
    return hashlib.sha256("".join(config.model_dump_json() for config in configs).encode()).hexdigest()[:12]


def _run_with(config: TrainingConfig) -> Run | None:
    return next((run for run in list_runs().runs if run.config == config), None)
