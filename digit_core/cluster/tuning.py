"""Run trials by Ray Tune: many trainings at once, each tried again if its worker is lost, all of it resumed."""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from ray import tune
from ray.tune.schedulers import ASHAScheduler

from digit_core.cluster.connection import on_every_node
from digit_core.cluster.trial_worker import EPOCH, LOSS, POINT, TrialJob, run_trial
from digit_core.datasets.sources import load_mnist, mnist_file
from digit_core.errors import DamagedRun, StorageError, TrainingFailed
from digit_core.storage.files import make_folder, storage_errors

_EXPERIMENT = "trials"  # a folder in the storage
_RETRIES = 4  # of a trial whose worker was lost; a setting that needs too much memory ends its worker each time


@dataclass(frozen=True)
class TrialOutcome:
    """A trial as Ray Tune has it: its id and values, whether it has ended, and what it reported last.

    `checkpoint` is Ray's, of its folder in the storage; None before the first one.
    """

    id: str
    values: Mapping[str, Any]
    ended: bool
    last: Mapping[str, Any]
    error: str = ""
    checkpoint: Any = None

    def fetch(self, target: Path) -> Path:
        """Copy its folder from the storage. Raises DamagedRun if that cannot be done."""
        if self.checkpoint is None:
            raise DamagedRun(f"The trial {self.id} left no folder in the storage.")
        try:
            return Path(self.checkpoint.to_directory(target))
        except OSError as error:
            raise DamagedRun(f"The folder of trial {self.id} cannot be fetched from the storage: {error}.") from None


def run_trials(
    job: TrialJob,
    storage: str,
    *,
    resume: bool,
    changed: Callable[[list[TrialOutcome]], None],
    points: Sequence[Mapping[str, Any]] = (),
    searcher: Any = None,
    scheduler: Any = None,
    trials: int = 1,
) -> list[TrialOutcome]:
    """Run `trials` points that a `searcher` of Ray Tune suggests, or those of `points`; call within `connected`.

    `storage` is a folder that all nodes share or a URL such as s3://bucket/folder; with `resume` what it holds is
    continued. `changed` is called with all trials whenever one has reported an epoch or ended.
    Raises StorageError, TrainingFailed, or KeyboardInterrupt.
    """
    global _listener
    _listener = listener = _Listener(changed, trials if searcher else len(points))
    trainable = tune.with_parameters(run_trial, job=job)
    trainable = tune.with_resources(trainable, {"cpu": job.cpus})
    place = f"{storage.rstrip('/')}/{_EXPERIMENT}"
    run_config = tune.RunConfig(
        name=_EXPERIMENT,
        storage_path=storage,
        failure_config=tune.FailureConfig(max_failures=_RETRIES),
        checkpoint_config=tune.CheckpointConfig(num_to_keep=1),
        callbacks=[_Watcher()],
        verbose=0,
    )
    try:
        if resume and tune.Tuner.can_restore(place):
            tuner = tune.Tuner.restore(place, trainable=trainable, resume_errored=True)
        else:
            space = {} if searcher else {POINT: tune.grid_search([dict(point) for point in points])}
            config = tune.TuneConfig(
                search_alg=searcher,
                scheduler=scheduler,
                num_samples=trials if searcher else 1,
                metric=LOSS,
                mode="min",
                reuse_actors=True,
                trial_dirname_creator=_folder_name,
            )
            tuner = tune.Tuner(trainable, param_space=space, tune_config=config, run_config=run_config)
        tuner.fit()
    except tune.TuneError as error:
        raise TrainingFailed(f"The trials could not be run: {str(error).splitlines()[0]}") from None
    if not listener.is_whole:
        raise KeyboardInterrupt  # Ray ends at the first Ctrl-C as if all were done
    return listener.found


def _folder_name(trial: Any) -> str:
    return trial.trial_id


class _Listener:
    """Keeps the outcomes, tells of changes, and knows whether all of `total` trials ended by themselves."""

    def __init__(self, changed: Callable[[list[TrialOutcome]], None], total: int) -> None:
        self.found: list[TrialOutcome] = []
        self.is_whole = True
        self._changed, self._total = changed, total

    def changed(self, trials: Sequence[Any]) -> None:
        """A trial has reported or ended."""
        self.found[:] = map(_outcome, trials)
        self._changed(self.found)

    def stepped(self, trials: Sequence[Any]) -> None:
        """Ray has done one step; at an interruption none follows, and then Ray ends all trials."""
        self.is_whole = len(trials) >= self._total and all(trial.is_finished() for trial in trials)


_listener: _Listener | None = None


class _Watcher(tune.Callback):
    """Passes everything on. Ray stores its callbacks with the trials, so the listener is in no attribute."""

    def on_step_end(self, iteration, trials, **info) -> None:
        _listener.stepped(trials)

    def on_trial_result(self, iteration, trials, trial, result, **info) -> None:
        _listener.changed(trials)

    def on_trial_complete(self, iteration, trials, trial, **info) -> None:
        _listener.changed(trials)

    def on_trial_error(self, iteration, trials, trial, **info) -> None:
        _listener.changed(trials)

    def on_experiment_end(self, trials, **info) -> None:
        if _listener.is_whole:  # else those that Ray has just ended would look stopped early
            _listener.changed(trials)


class SparingScheduler(ASHAScheduler):
    """Asynchronous successive halving that never stops the trial with the values `spared`."""

    spared: Mapping[str, Any]
    epochs: int

    def on_trial_result(self, tune_controller, trial, result):
        """Continue or stop a trial, as Ray's schedulers say it."""
        decision = super().on_trial_result(tune_controller, trial, result)
        is_spared = trial.config == self.spared and result[EPOCH] < self.epochs
        return self.CONTINUE if is_spared and not result["problem"] else decision


def _outcome(trial: Any) -> TrialOutcome:
    return TrialOutcome(
        id=trial.trial_id,
        values=trial.config.get(POINT, trial.config),
        ended=trial.is_finished(),
        last=trial.last_result or {},
        error=_reason(trial) if trial.status == "ERROR" else "",
        checkpoint=trial.checkpoint,
    )


def _reason(trial: Any) -> str:
    last = str(trial.get_error() or "its worker ended, as by lack of memory").strip().splitlines()[-1]
    return f"It failed {_RETRIES + 1} times: {last}"


def early_stopping(epochs: int, rung: int, spared: Mapping[str, Any]) -> Any:
    """ASHA (Li et al. 2020, arXiv 1810.05934): after each rung only the better third goes on.

    The trial with the values `spared` always goes on, for a fair comparison with it.
    """
    scheduler = SparingScheduler(time_attr=EPOCH, max_t=epochs, grace_period=rung, reduction_factor=3)
    scheduler.spared, scheduler.epochs = dict(spared), epochs
    return scheduler


def mnist_content(data: str) -> bytes | None:
    """The file with MNIST, fetched first if necessary; None for another data set. Raises what `load_mnist` does."""
    if data != "mnist":
        return None
    if mnist_file() is None:
        load_mnist()
    return mnist_file().read_bytes()


def check_storage(storage: str) -> str:
    """The absolute folder or the URL, once all nodes can use it; within `connected`. Raises StorageError."""
    if urlparse(storage).scheme and os.name != "nt":
        _check_url(storage)
        return storage
    folder = make_folder(Path(storage).expanduser().absolute())
    with storage_errors(folder), tempfile.NamedTemporaryFile(dir=folder, prefix=".shared-") as file:
        for node, is_shared in on_every_node(os.path.exists, file.name):
            if not is_shared:
                raise StorageError(
                    f"The node {node} of the cluster does not see {folder}. Name a folder that all nodes share, or a "
                    "URL such as s3://bucket/folder, with --storage."
                )
    return str(folder)


def _check_url(url: str) -> None:
    from pyarrow import ArrowException, fs

    try:
        system, path = fs.FileSystem.from_uri(url)
        system.create_dir(path, recursive=True)
        with system.open_output_stream(f"{path}/.write-test") as file:
            file.write(b"")
        system.delete_file(f"{path}/.write-test")
    except (OSError, ArrowException) as error:
        reason = str(error).strip().splitlines()[0]
        raise StorageError(f"{url} cannot be written: {reason}. Name another place with --storage.") from None
