"""What a worker of the cluster does with one trial; the only place outside of training that trains.

The trial's folder goes to the storage after each epoch, as Ray's checkpoint. A worker on another node goes on with
it when this one is lost.
"""

import faulthandler
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from digit_core.cluster.search_space import config_of
from digit_core.errors import DigitError
from digit_core.jobs.training_job import TEACHERS
from digit_core.storage import paths
from digit_core.storage.files import write_bytes

LOSS = "validation_loss"  # what is minimised
EPOCH = "epoch"
POINT = "point"  # the values of a trial that no sampler chose
WORST = 10.0  # the loss of a trial that failed: a network that guesses has 2.3
# Seconds that Ray waits for the thread of a trial that was stopped early before the process takes the next trial; of
# its own 2, freeing TensorFlow's objects can need more on a busy machine, and then the next trial failed.
_THREAD_SECONDS = 120
_GRACE = 60.0  # seconds after the time limit until a trial that hangs is ended with its process


@dataclass(frozen=True)
class TrialJob:
    """What the trials of a search or an ensemble have in common.

    `base`: preset and settings; `rung`: the epoch whose loss is reported as `early_loss`; `seconds`: the time limit
    of a trial; `mnist`: the content of `mnist.npz` for workers that do not have it; `models`: .tflite files of the
    teachers, by run.
    """

    base: dict[str, Any]
    command: str
    rung: int
    seconds: float
    cpus: int = 1
    mnist: bytes | None = None
    models: Mapping[str, bytes] = field(default_factory=dict)


def run_trial(values: dict[str, Any], job: TrialJob) -> None:
    """Train at one point of the search space and report each epoch to Ray Tune, with the folder as checkpoint."""
    os.environ.update({"TF_NUM_INTRAOP_THREADS": str(job.cpus), "TF_NUM_INTEROP_THREADS": "1"})
    os.environ["TUNE_FUNCTION_THREAD_TIMEOUT_S"] = str(_THREAD_SECONDS)
    from ray import tune

    from digit_core.training.trials import train_trial  # TensorFlow; in this process alone

    node = _node()
    folder = Path(tempfile.mkdtemp(prefix="trial-"))
    # A thread of TensorFlow that hangs would keep the worker for ever; Ray starts the trial again elsewhere.
    faulthandler.dump_traceback_later(job.seconds + _GRACE, exit=True, file=sys.__stderr__)

    def epoch_ended(history: list[dict[str, float]], complete: bool) -> None:
        last, early = history[-1], history[min(job.rung, len(history)) - 1]
        figures = {
            EPOCH: len(history),
            LOSS: last["val_loss"],
            "validation_accuracy": last["val_accuracy"],
            "early_loss": early["val_loss"],
            "seconds": last["seconds"],
            "node": node,
            "complete": complete,
            "problem": "",
        }
        tune.report(figures, checkpoint=tune.Checkpoint.from_directory(folder))

    try:
        if checkpoint := tune.get_checkpoint():
            checkpoint.to_directory(folder)
        for name, content in job.models.items():
            write_bytes(folder / TEACHERS / f"{name}.tflite", content)
        _provide_mnist(job.mnist)
        config = config_of(job.base, values.get(POINT, values))
        train_trial(config, folder, command=job.command, seconds=job.seconds, epoch_ended=epoch_ended)
    except DigitError as error:
        tune.report({EPOCH: 0, LOSS: WORST, "node": node, "problem": str(error)})
    finally:
        faulthandler.cancel_dump_traceback_later()
        shutil.rmtree(folder, ignore_errors=True)


def _provide_mnist(content: bytes | None) -> None:
    """Let this process find MNIST, where the node has none."""
    if content is None or paths.mnist_override():
        return
    owner = os.getuid() if hasattr(os, "getuid") else 0
    path = Path(tempfile.gettempdir()) / f"digit-lab-{owner}" / "mnist.npz"
    if not path.is_file() or path.stat().st_size != len(content):
        write_bytes(path, content)
    os.environ["DIGITS_MNIST"] = str(path)


def _node() -> str:
    import ray

    return ray.get_runtime_context().get_node_id()[:8]
