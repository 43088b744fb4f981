from contextlib import contextmanager

import pytest
from filelock import FileLock

from digit_core.errors import RunInUse, UnknownRun
from digit_core.jobs.background_task import BackgroundTask, TaskStatus
from digit_core.jobs.deletion import delete_run, why_not_deletable
from digit_core.jobs.tasks import (
    FORMATS,
    Point,
    Robustness,
    export_path,
    export_task,
    features_task,
    robustness_path,
    robustness_task,
    save_robustness,
)
from digit_core.runs.active_run import activate, read_active
from digit_core.runs.notes import note_of, write_note
from digit_core.runs.run import SHIPPED, list_runs, open_run
from digit_core.storage import paths
from tests.constructed import construct_run

NAME = "20260101-000000-quick"
ONNX = FORMATS["onnx"]


@pytest.fixture(autouse=True)
def run(own_home):
    return construct_run(NAME)


@contextmanager
def running(task: BackgroundTask):
    """As while the task's process is running."""
    task.write_status(TaskStatus(state="running", message="Converting"))
    with FileLock(task.lock_path):
        yield


def test_deleting_a_run_deletes_its_exports_its_robustness_and_its_note(run):
    other = construct_run("20260102-000000-quick")
    for each in (run, other):
        write_note(each.name, "a name", "")
        export_path(each, ONNX).parent.mkdir(parents=True)
        export_path(each, ONNX).write_bytes(b"a model")
        save_robustness(
            each,
            Robustness(run=each.name, source="", images=1, seconds=1, curves={"noise": [Point(strength=0, right=1)]}),
        )
        for task in (robustness_task(each), features_task(each, "a digest")):
            task.write_status(TaskStatus(state="failed", message="no memory"))
            task.lock_path.touch()
    delete_run(NAME)
    assert [each.name for each in list_runs().runs] == [other.name, SHIPPED]
    assert not any(path.name.count(NAME) for path in paths.home().rglob("*"))
    assert note_of(other.name).title == "a name"
    assert export_path(other, ONNX).is_file()
    assert robustness_path(other).is_file()


@pytest.mark.parametrize("name", ["metrics.json", "config.json"])
def test_a_damaged_run_can_be_deleted(run, name):
    (run.path / name).write_text("nonsense")
    delete_run(NAME)
    assert not list_runs().damaged


def test_the_shipped_run_cannot_be_deleted():
    with pytest.raises(RunInUse, match="comes with the project"):
        delete_run(SHIPPED)
    assert open_run(SHIPPED)


def test_the_active_run_cannot_be_deleted_until_another_is_activated():
    activate(NAME)
    with pytest.raises(RunInUse, match="it is active; activate another one first"):
        delete_run(NAME)
    assert open_run(NAME)
    activate(SHIPPED)
    delete_run(NAME)
    assert read_active().previous is None  # nothing offers to return to it


def test_a_run_that_is_being_exported_cannot_be_deleted(run):
    with running(export_task(run, ONNX)), pytest.raises(RunInUse, match="being exported"):
        delete_run(NAME)
    assert open_run(NAME)


def test_a_run_whose_robustness_is_being_measured_cannot_be_deleted(run):
    with running(robustness_task(run)), pytest.raises(RunInUse, match="robustness is being measured"):
        delete_run(NAME)
    assert open_run(NAME)


def test_a_failed_export_does_not_prevent_deletion(run):
    export_path(run, ONNX).parent.mkdir(parents=True)
    export_task(run, ONNX).write_status(TaskStatus(state="failed", message="no memory"))
    assert why_not_deletable(NAME) is None
    delete_run(NAME)


@pytest.mark.parametrize("name", ["unknown", "..", "../runs", "/etc", "", ".hidden"])
def test_only_runs_are_deleted(name):
    before = sorted(paths.home().rglob("*"))
    with pytest.raises(UnknownRun):
        delete_run(name)
    assert set(before) <= set(paths.home().rglob("*"))


def test_a_second_deletion_reports_that_the_run_is_gone():
    delete_run(NAME)
    with pytest.raises(UnknownRun, match="deleted"):
        delete_run(NAME)
