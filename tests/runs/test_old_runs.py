"""Runs, trainings and settings as earlier versions wrote them: all of them stay usable."""

import json
import shutil

import pytest

from digit_core.jobs import trainings
from digit_core.jobs.training_job import Job, Request
from digit_core.runs.active_run import ActiveRun, activate, read_active
from digit_core.runs.config import read_config, training_config
from digit_core.runs.run import list_runs, open_run
from digit_core.runs.schemas import Progress
from digit_core.storage import paths
from tests.constructed import construct_run

NAME = "20260101-120000-robust"
OLD_CONFIG = {
    "preset": "robust",
    "data": "mnist",
    "epochs": 36,
    "batch_size": 256,
    "learning_rate": 0.004,
    "schedule": "cosine",
    "beta_1": 0.9,
    "beta_2": 0.99,
    "weight_decay": 0.01,
    "label_smoothing": 0.02,
    "dropout": 0.4,
    "augmentation": "drawings",
    "gentle_epochs": 8,
    "written": 60000,
    "written_share": 0.19,
    "counterexamples": 60000,
    "counterexample_share": 0.125,
    "watch_recall": True,
    "validation_fraction": 1 / 12,
    "patience": 500,
    "precision": "float32",
    "seed": 0,
}
CONFIG = training_config(
    "robust",
    epochs=36,
    mild_epochs=8,
    synthetic_digits=60_000,
    synthetic_digit_share=0.19,
    track_recall=True,
    compute_dtype="float32",
)
OLD_ENVIRONMENT = {
    "versions": {"python": "3.11.7"},
    "data_digest": "0d4b588a",
    "command": "scripts/train.py --preset robust",
    "created": 1795228843.8,
    "computed_in": "bfloat16",
}


@pytest.fixture
def old_run(own_home):
    run = construct_run(NAME, "robust")
    document = json.loads((run.path / "config.json").read_text())
    old = {"config": OLD_CONFIG, "environment": OLD_ENVIRONMENT, "sizes": document["sizes"]}
    (run.path / "config.json").write_text(json.dumps(old))
    return run


@pytest.fixture
def old_training(own_home):
    """The working folder of a training that was killed; its settings are in `config.json`."""
    job = Job(paths.working_folder() / NAME)
    (job.folder / "backup").mkdir(parents=True)
    (job.folder / "backup" / "training_metadata.json").write_text('{"epoch": 3, "batch": 0}')
    (job.folder / "request.json").write_text('{"serve": false, "cancel": true}')
    (job.folder / "config.json").write_text(json.dumps({"config": OLD_CONFIG, "environment": OLD_ENVIRONMENT}))
    progress = {"state": "failed", "message": "killed", "epoch": 3, "epochs": 36, "started": 1.0, "updated": 2.0}
    (job.folder / "progress.json").write_text(json.dumps(progress))
    return job


def test_settings_with_their_old_names_are_the_same_settings():
    assert read_config(OLD_CONFIG) == CONFIG


def test_an_old_run_is_listed_and_activated(old_run):
    assert not list_runs().damaged
    run = open_run(NAME)
    assert run.config == CONFIG
    assert (run.environment.compute_dtype, run.environment.command) == ("bfloat16", OLD_ENVIRONMENT["command"])
    activate(NAME)
    assert read_active().run == NAME


def test_a_run_from_before_the_compute_dtype_was_recorded_has_none(old_run):
    path = old_run.path / "config.json"
    document = json.loads(path.read_text())
    del document["environment"]["computed_in"]
    path.write_text(json.dumps(document))
    assert open_run(NAME).environment.compute_dtype is None


def test_the_active_run_of_an_earlier_version_stays_active_until_another_is_activated(old_run):
    (paths.home() / "served.json").write_text(json.dumps({"run": NAME, "previous": "shipped"}))
    assert read_active() == ActiveRun(NAME, "shipped")
    activate("shipped")
    assert read_active() == ActiveRun("shipped", NAME)


def test_an_old_training_that_was_killed_is_listed_and_can_be_resumed(old_training):
    assert trainings.stopped_jobs() == [old_training]
    assert trainings.resumable(old_training) == 3
    assert old_training.config() == CONFIG
    assert old_training.request() == Request(
        config=OLD_CONFIG, command=OLD_ENVIRONMENT["command"], activate=False, cancel=True
    )


def test_the_command_of_a_still_older_training_is_found(old_training):
    (old_training.folder / "config.json").write_text(json.dumps({"config": OLD_CONFIG, "command": "the app"}))
    assert old_training.request().command == "the app"
    assert old_training.config() == CONFIG


def test_a_training_without_settings_has_none(old_training):
    (old_training.folder / "config.json").unlink()
    assert old_training.config() is None


def test_a_run_that_was_called_finished_before_it_was_moved_is_published(own_home):
    job = Job(paths.working_folder() / NAME)
    shutil.copytree(paths.SHIPPED_RUN, job.folder)
    (job.folder / "request.json").write_text('{"serve": true, "cancel": false}')
    job.write_progress(Progress(state="finished", message="Test accuracy 99.66%"))
    assert trainings.resumable(job) == 0
    trainings.recover()
    assert (trainings.progress_of(job).state, read_active().run) == ("finished", NAME)
    assert open_run(NAME).environment.command == open_run("shipped").environment.command
