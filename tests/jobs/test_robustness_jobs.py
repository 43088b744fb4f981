"""How a measurement is kept, without making any."""

import pytest

from digit_core.jobs.robustness_jobs import (
    Point,
    Robustness,
    keep_robustness,
    kept_robustness,
    robustness_path,
    source_of,
)


@pytest.fixture
def run(add_run):
    return add_run("20260101-120000-quick")


def test_what_is_kept_is_found_until_the_model_changes_and_the_run_stays_as_it_is(run):
    before = sorted(path.name for path in run.path.rglob("*"))
    assert kept_robustness(run) is None
    points = {"rotation": [Point(strength=0, right=9), Point(strength=30, right=7)]}
    measured = Robustness(run=run.name, source=source_of(run), images=10, seconds=1, curves=points)
    keep_robustness(run, measured)
    assert kept_robustness(run) == measured
    assert sorted(path.name for path in run.path.rglob("*")) == before
    (run.path / "model.tflite").write_bytes(b"another model")
    assert kept_robustness(run) is None


def test_a_damaged_measurement_counts_as_none(run):
    robustness_path(run).parent.mkdir(parents=True)
    robustness_path(run).write_text("{")
    assert kept_robustness(run) is None
