"""Publish a training that ran elsewhere: evaluate it on the test images, once, and make it a run of this home."""

import shutil
import subprocess
from pathlib import Path

from digit_core.datasets.loading import load_dataset
from digit_core.errors import DamagedRun, TrainingFailed, UnknownRun
from digit_core.evaluation.final_test import evaluate_on_test_images
from digit_core.jobs.processes import process_environment, room_command
from digit_core.jobs.recovery import publish
from digit_core.jobs.training_job import TEACHERS, TRAINED, Job, Request
from digit_core.runs.checkpoints import delete_checkpoint
from digit_core.runs.json_files import read_model
from digit_core.runs.publishing import complete
from digit_core.runs.run import Run, open_run
from digit_core.runs.schemas import Progress, TrainedNetwork
from digit_core.storage import paths
from digit_core.storage.files import make_folder, storage_errors


def publish_trained(source: Path, name: str, *, activate: bool) -> Run:
    """Make the run `name` of a folder that `training.trials.train_trial` has completed; it may be the run already.

    It is activated as any run is (`digit_core.runs.activation_rule`). The source is left as it is.
    Raises DamagedRun, DataUnavailable, DataDamaged, StorageError, or TrainingFailed.
    """
    try:
        return open_run(name)
    except UnknownRun:
        pass
    config, trained = Job(source).config(), read_model(source / TRAINED, TrainedNetwork)
    if config is None:
        raise DamagedRun(f"{source / 'request.json'} has no usable settings.")
    target = make_folder(paths.working_folder()) / name
    staged = target.with_name(f".{name}.staged")  # hidden: a training without a trainer would be called failed
    shutil.rmtree(staged, ignore_errors=True)
    with storage_errors(staged):
        shutil.copytree(source, staged)
        shutil.rmtree(staged / TEACHERS, ignore_errors=True)
        delete_checkpoint(staged)
        data = load_dataset(config.data)
        evaluate_on_test_images(staged, trained, data.x_test, data.y_test)
        (staged / TRAINED).unlink()
        complete(staged, config, trained.environment)
        job, epochs = Job(staged), len(Run(staged).history())
        job.write_request(Request(config=config.model_dump(), command=trained.environment.command, activate=activate))
        job.write_progress(Progress(state="publishing", message="Publishing the run", epoch=epochs, epochs=epochs))
        shutil.rmtree(target, ignore_errors=True)  # what `trainings.new_folder` reserved the name with
        staged.rename(target)
    outcome = publish(Job(target))
    if outcome.state != "finished":
        raise TrainingFailed(f"{name} could not be published. {outcome.message}")
    subprocess.run(room_command("training", "figures", name), cwd=paths.PROJECT, env=process_environment(), check=False)
    return open_run(name)


def outcome_of(run: Run) -> str:
    """What was said when it was published: its test accuracy, and whether it was activated."""
    progress = Job(run.path).progress()
    return progress.message if progress else ""
