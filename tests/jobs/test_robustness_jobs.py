"""How a measurement is kept, without making any."""

import pytest

from digit_core.jobs.tasks import (
    Point,
    Robustness,
    load_robustness,
    robustness_path,
    robustness_source,
    save_robustness,
)


@pytest.fixture
def run(add_run):
    return add_run("20260101-120000-quick")


def test_a_measurement_counts_until_the_model_changes_and_the_run_is_not_written_to(run):
    before = sorted(path.name for path in run.path.rglob("*"))
    assert load_robustness(run) is None
    points = {"rotation": [Point(strength=0, right=9), Point(strength=30, right=7)]}
    measured = Robustness(run=run.name, source=robustness_source(run), images=10, seconds=1, curves=points)
    save_robustness(run, measured)
    assert load_robustness(run) == measured
    assert sorted(path.name for path in run.path.rglob("*")) == before
    (run.path / "model.tflite").write_bytes(b"another model")
    assert load_robustness(run) is None


def test_a_damaged_measurement_does_not_count(run):
    robustness_path(run).parent.mkdir(parents=True)
    robustness_path(run).write_text("{")
    assert load_robustness(run) is None
