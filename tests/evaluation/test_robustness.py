import os
import subprocess
import sys

import numpy as np
import pytest

from digit_core.datasets.sources import Dataset
from digit_core.errors import DamagedRun
from digit_core.evaluation import robustness
from digit_core.evaluation.distortions import DISTORTIONS
from digit_core.evaluation.robustness import measure, measured_curves, sample
from digit_core.jobs.tasks import load_robustness, robustness_task
from digit_core.runs.run import open_run
from digit_core.storage import paths
from tests.jobs.fake_task import put_in_queue


class LeftOrRight:
    """Predicts 0 for ink on the left, 1 for ink on the right, and 2 without ink."""

    def logits_in_batches(self, images):
        left, right = images[:, :, :14].sum((1, 2)), images[:, :, 14:].sum((1, 2))
        logits = np.zeros((len(images), 11))
        logits[:, 0], logits[:, 1], logits[:, 2] = left, right, 0.01
        logits[:, 10] = 99  # not a digit: ignored
        return logits


def test_correct_predictions_are_counted_at_each_strength():
    images = np.zeros((4, 28, 28), np.float32)
    images[:3, 8:20, 10:12] = 1
    images[3, 8:20, 16:18] = 1
    curves = measured_curves(LeftOrRight(), images, np.array([0, 0, 0, 1]))
    assert {name: [point.strength for point in points] for name, points in curves.items()} == {
        name: list(kind.strengths) for name, kind in DISTORTIONS.items()
    }
    shifted = {point.strength: point.right for point in curves["shift"]}
    assert shifted == {-8: 3, -6: 3, -4: 3, -2: 4, 0: 4, 2: 4, 4: 1, 6: 1, 8: 1}
    thin = {point.strength: point.right for point in curves["pen_width"]}
    assert thin[0] == 4


def test_the_progress_rises():
    parts = []
    images = np.zeros((1, 28, 28), np.float32)
    measured_curves(LeftOrRight(), images, np.array([0]), lambda message, part: parts.append(part))
    assert parts[0] == 0
    assert parts == sorted(set(parts))
    assert parts[-1] < 1


def test_the_sample_is_stratified_and_always_the_same():
    labels = np.repeat(np.arange(10), np.arange(100, 1100, 100))
    chosen = sample(labels, 550)
    assert np.bincount(labels[chosen]).tolist() == list(range(10, 110, 10))
    assert (chosen == sample(labels, 550)).all()
    assert sample(labels[:50]).tolist() == list(range(50))


@pytest.fixture
def run(add_run, monkeypatch):
    """A run and made-up test images that match its labels; few of them are used."""
    run = add_run("20260101-120000-quick")
    labels = run.predictions().labels
    images = np.zeros((len(labels), 28, 28), np.uint8)
    data = Dataset("mnist", images[:0], labels[:0], images, labels, "")
    monkeypatch.setattr(robustness, "load_dataset", lambda name, report: data)
    monkeypatch.setattr(robustness, "sample", lambda labels: np.arange(3))
    return run


def test_a_measurement_is_saved_and_reused(run):
    measured = measure(run)
    assert measured.images == 3
    assert load_robustness(run) == measured
    assert measure(open_run(run.name)) == measured


def test_a_run_tested_on_other_images_is_refused(run, monkeypatch):
    monkeypatch.setattr(
        robustness, "load_dataset", lambda name, report: Dataset(name, None, None, None, np.zeros(3, np.int64), "")
    )
    with pytest.raises(DamagedRun, match="not about the test images"):
        measure(run)
    assert load_robustness(run) is None


def test_the_process_reports_its_failure_and_loads_no_tensorflow(add_run, own_home, tmp_path):
    run = add_run("20260101-120000-quick")
    put_in_queue(robustness_task(run))
    missing = tmp_path / "there-is-no.npz"
    program = "import sys; from digit_core.evaluation import __main__ as m; code = m.main(); "
    program += "assert not {'tensorflow', 'keras', 'sklearn', 'streamlit'} & set(sys.modules); sys.exit(code)"
    done = subprocess.run(
        [sys.executable, "-c", program, "robustness", run.name],
        cwd=paths.PROJECT,
        env={**os.environ, "DIGITS_HOME": str(own_home), "DIGITS_MNIST": str(missing)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    assert f"There is no file {missing}" in done.stderr
    assert robustness_task(run).status().message.startswith(f"There is no file {missing}")
