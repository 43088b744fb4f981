from pathlib import Path

import pytest

from digit_core.cluster.adoption import outcome_of, publish_trained
from digit_core.errors import TrainingFailed
from digit_core.jobs.training_job import TRAINED, Job
from digit_core.runs.active_run import read_active
from digit_core.runs.config import training_config
from digit_core.runs.run import SHIPPED, Run, list_runs
from digit_core.storage import paths
from digit_core.training.trials import train_trial

CONFIG = training_config(
    "custom", data="digits", epochs=2, filters=(4,), kernel_sizes=(5,), dense_units=(), augmentation="none",
    rotation=0, scaling=0,
)  # fmt: skip
TEST_FIGURES = {"predictions.npz", "metrics.json", "config.json"}


@pytest.fixture
def folder(tmp_path) -> Path:
    """A working folder, as a worker of a cluster makes one."""
    (tmp_path / "trial").mkdir()
    return tmp_path / "trial"


def test_a_trial_reports_each_epoch_sees_no_test_image_and_becomes_a_run(training_home, folder, monkeypatch):
    monkeypatch.setattr("digit_core.cluster.adoption.subprocess.run", lambda *_, **__: None)  # the figures take seconds
    told = []

    def epoch_ended(history, complete):
        told.append((len(history), complete, (folder / TRAINED).exists()))

    train_trial(CONFIG, folder, command="a test", seconds=600, epoch_ended=epoch_ended)
    assert told == [(1, False, False), (2, True, True)]
    assert not TEST_FIGURES & {path.name for path in folder.iterdir()}
    name = "20260101-000000-custom-no1"
    run = publish_trained(folder, name, activate=True)
    assert run.config == CONFIG and run.metrics.test_images == 359 and run.environment.command == "a test"
    assert run.metrics.epochs == 2 and run.history() == Run(folder).history()
    assert "Kept, not activated" in outcome_of(run) and read_active().run == SHIPPED, "it is of other data"
    assert publish_trained(folder, name, activate=True).name == name, "a second time it is the run that is there"
    assert [each.name for each in list_runs().runs] == [name, SHIPPED]
    assert not (run.path / TRAINED).exists() and not list(paths.working_folder().iterdir())


def test_a_trial_that_takes_too_long_ends_with_a_sentence(training_home, folder):
    with pytest.raises(TrainingFailed, match="stopped after 0 seconds, the time limit of a trial"):
        train_trial(CONFIG, folder, command="a test", seconds=0, epoch_ended=lambda history, complete: None)
    assert Job(folder).config() == CONFIG, "its folder says what it was"
