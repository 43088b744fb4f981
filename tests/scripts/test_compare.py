"""Comparing presets from the command line."""

import importlib
import json

import numpy as np
import pytest

from digit_core.jobs import trainings
from digit_core.runs.config import training_config
from digit_core.runs.schemas import Progress
from digit_core.storage import paths
from scripts.benchmarks.drawings import FOUR, SEVEN
from tests.scripts.test_commands import run
from tests.waiting import wait_for

COMMAND = ("scripts/compare.py", "lenet5", "--data", "digits", "--epochs", "3", "--seeds", "2")


def test_compare_trains_each_seed_once_and_prints_a_table(training_home, tmp_path):
    drawings, figures = stroke_set(tmp_path / "strokes.npz"), tmp_path / "figures.json"
    options = ("--drawings", str(drawings), "--json", str(figures))
    first = run(*COMMAND, *options)
    assert first.returncode == 0, first.stderr
    runs = sorted(path.name for path in paths.runs_folder().iterdir())
    assert len(runs) == 2
    (row,) = json.loads(figures.read_text())
    assert row["runs"] == runs
    assert row["seeds"] == 2
    assert np.mean(row["accuracies"]) == pytest.approx(row["accuracy"])
    low, high = row["accuracy_interval"]
    assert low < row["accuracy"] < high
    assert row["drawings"] in (0.0, 0.25, 0.5, 0.75, 1.0)  # two seeds, two digits; the letter is left out
    lines = first.stdout.splitlines()
    assert lines[0].startswith("| preset | seeds | parameters |")
    assert "| drawings | reference |" in lines[0]
    assert "| `lenet5` | 2 | 61,706 | 0.25 MB |" in lines[2]
    assert "about 99.0 %" in lines[2]
    again = run(*COMMAND)  # nothing is trained again
    assert again.returncode == 0, again.stderr
    assert sorted(path.name for path in paths.runs_folder().iterdir()) == runs
    assert "drawings" not in again.stdout


def test_compare_resumes_a_training_that_was_stopped(training_home, monkeypatch):
    monkeypatch.syspath_prepend(str(paths.PROJECT / "scripts"))
    compare = importlib.import_module("scripts.compare")
    config = compare.training_config("lenet5", data="digits", epochs=400)
    job = trainings.start(config, activate=False)
    wait_for(lambda: trainings.checkpoint_epoch(job.folder) >= 1)
    trainings.cancel(job)
    wait_for(lambda: not trainings.current())
    assert trainings.resumable(job)
    resumed = []
    monkeypatch.setattr(trainings, "resume", lambda stopped, activate: resumed.append(stopped) or stopped)
    monkeypatch.setattr(compare, "follow", lambda job: None)
    assert compare.find_or_train(config) is None
    assert resumed == [job]
    # Another configuration is another training.
    started = []
    monkeypatch.setattr(trainings, "start", lambda config, **_: started.append(config))
    compare.find_or_train(config.model_copy(update={"seed": 1}))
    assert [config.seed for config in started] == [1]


def test_a_stopped_job_without_a_readable_configuration_is_no_obstacle(own_home):
    folder = paths.working_folder() / "20260101-000000-quick"
    folder.mkdir(parents=True)
    trainings.Job(folder).write_progress(Progress(state="failed"))
    assert [job.config() for job in trainings.stopped_jobs()] == [None]


def stroke_set(path):
    """A four, a seven and an x in the form that stroke sets have."""
    cross = [np.array([[0, 0], [250, 250]]), np.array([[250, 0], [0, 250]])]
    characters = [FOUR, SEVEN, cross]
    strokes = [stroke for character in characters for stroke in character]
    np.savez(
        path,
        points=np.concatenate(strokes) * 4,
        stroke_ends=np.cumsum([len(stroke) for stroke in strokes]),
        row_ends=np.cumsum([len(character) for character in characters]),
        labels=np.array(["4", "7", "x"]),
        writers=np.array(["a", "a", "b"]),
    )
    return path


def test_the_settings_that_differ_are_a_table_of_their_own(monkeypatch):
    monkeypatch.syspath_prepend(str(paths.PROJECT / "scripts"))
    compare = importlib.import_module("scripts.compare")
    configs = {"quick": training_config("quick"), "other": training_config("quick", epochs=5)}
    assert compare.settings_table(configs).splitlines() == [
        "| setting | `quick` | `other` |",
        "| --- | --- | --- |",
        "| Epochs | 2 | 5 |",
    ]
    assert compare.settings_table({"quick": configs["quick"]}) == ""
