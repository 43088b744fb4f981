"""How a measurement is asked for, told and kept, without making any."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from digit_core.records import robustness
from digit_core.records.making import Making
from digit_core.records.robustness import (
    Point,
    Robustness,
    forget_measuring,
    keep_robustness,
    kept_robustness,
    measuring_lock,
    measuring_of,
    robustness_path,
    source_of,
    start_measuring,
    write_measuring,
)


@pytest.fixture
def run(add_run):
    return add_run("20260101-120000-quick")


@pytest.fixture
def started(monkeypatch) -> list:
    """The processes that would have been started."""
    commands = []
    monkeypatch.setattr(robustness, "start_apart", lambda log, *arguments, room: commands.append((room, *arguments)))
    return commands


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


def test_it_is_waited_for_and_not_started_twice(run, started):
    assert measuring_of(run) is None
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda _: start_measuring(run), range(20)))
    assert started == [("reading", "robustness", run.name)]
    assert measuring_of(run).state == "waiting"
    forget_measuring(run)
    assert measuring_of(run) is None


def test_one_whose_process_died_has_failed_and_can_be_started_again(run, started):
    write_measuring(run, Making(state="making", message="Rotation, 30", fraction=0.2))
    with measuring_lock(run):
        assert measuring_of(run).fraction == 0.2
        start_measuring(run)
    assert started == []
    assert not measuring_of(run).is_active
    assert measuring_of(run).message == "The measurement was stopped from outside before it was done. Try again."
    start_measuring(run)
    assert len(started) == 1
