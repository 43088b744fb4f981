"""Searches, pictures and ensembles on two nodes of this machine, one of which is lost.

Some minutes: `python -m pytest tests/cluster/lost_nodes.py`. The suite does not collect it.
"""

import numpy as np
import pytest

from digit_core.cluster.connection import connected
from digit_core.cluster.ensembles import (
    Training,
    distil,
    ensemble_metrics,
    member_configs,
    student_config,
    train_members,
)
from digit_core.cluster.picture_folders import list_bucket, predict_on_cluster
from digit_core.inference.batch import Task, list_files, predict_files
from digit_core.runs.run import SHIPPED
from scripts.benchmarks.cluster_benchmark import make_pictures
from tests.cluster.two_nodes import TwoNodes, search_that_loses_a_node_and_is_stopped


def test_a_search_survives_a_lost_node_and_a_stop_with_each_trial_once(training_home):
    search_that_loses_a_node_and_is_stopped(trials=4, epochs=2)


@pytest.fixture(scope="module")
def two_nodes(synthetic_data):
    """A cluster of two nodes of one core each; the last test loses one of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITS_HOME", str(synthetic_data.parent))  # of the workers
        with TwoNodes() as nodes:
            yield nodes


@pytest.fixture
def no_figures(monkeypatch):
    monkeypatch.setattr("digit_core.cluster.adoption.subprocess.run", lambda *_, **__: None)  # they take seconds


def test_an_ensemble_is_distilled_into_a_run_and_found_again(training_home, two_nodes, no_figures):
    small = {"filters": (4,), "kernel_sizes": (5,), "dense_units": (), "epochs": 1}
    configs = member_configs({"preset": "custom", "data": "digits", **small}, 2)
    training = Training(command="a test", address=two_nodes.address, activate=False)
    members = train_members(configs, training, lambda line: None)
    student = distil(student_config(members, epochs=2), training, lambda line: None)
    assert [run.config for run in members] == configs
    assert student.config.teachers == tuple(run.name for run in members) and student.metrics.test_images == 359
    assert not (student.path / "teachers").exists()
    together = ensemble_metrics(members)
    mean = np.mean([run.predictions().probabilities for run in members], axis=0)
    assert together.accuracy == pytest.approx((mean.argmax(1) == members[0].predictions().labels).mean())
    # All are there now, so nothing is trained, and no cluster is asked for.
    assert [run.name for run in train_members(configs, training)] == [run.name for run in members]
    assert distil(student_config(members, epochs=2), training).name == student.name


def test_a_lost_node_changes_no_row(own_home, tmp_path, two_nodes):
    make_pictures(tmp_path, 1500)
    (tmp_path / "00000" / "broken.png").write_text("not a picture")
    files = [*list_files(tmp_path), tmp_path / "deleted-since.png"]
    expected = [row for rows in predict_files(files, Task(SHIPPED)) for row in rows]
    assert expected[-1].problem == "This is not a file."
    found = []
    with connected(two_nodes.address) as cpus:
        assert cpus == 2
        for rows in predict_on_cluster(files, Task(SHIPPED), str(tmp_path), cpus):
            if not found:
                two_nodes.lose_one()
            found += rows
        bucket = f"file://{tmp_path}"
        root, names = list_bucket(bucket)
        assert names == [row.path for row in expected[:-1]] and root == str(tmp_path)
        (fetched,) = predict_on_cluster([*names[-3:], expected[-1].path], Task(SHIPPED), bucket, 1)
    assert found == expected
    # In a chunk of four, not of 256, the last digit of a probability can be another one.
    assert [(row.path, row.text, row.problem) for row in fetched] == [
        (row.path, row.text, row.problem) for row in expected[-4:]
    ]
