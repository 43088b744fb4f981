from contextlib import contextmanager

import pytest
from filelock import FileLock

from digit_core.errors import RunInUse, UnknownRun
from digit_core.jobs.background_task import BackgroundTask, TaskStatus
from digit_core.jobs.deletion import delete_run, why_kept
from digit_core.jobs.export_jobs import FORMATS, export_path, export_task
from digit_core.jobs.feature_jobs import features_task
from digit_core.jobs.robustness_jobs import Robustness, keep_robustness, robustness_path, robustness_task
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
def at_work(task: BackgroundTask):
    """As while the task's process lives."""
    task.write_status(TaskStatus(state="running", message="Converting"))
    with FileLock(task.lock_path):
        yield


def test_a_deleted_run_takes_its_exports_its_measurement_and_its_note_along(run):
    other = construct_run("20260102-000000-quick")
    for each in (run, other):
        write_note(each.name, "a name", "")
        export_path(each, ONNX).parent.mkdir(parents=True)
        export_path(each, ONNX).write_bytes(b"a model")
        keep_robustness(each, Robustness(run=each.name, source="", images=1, seconds=1, curves={}))
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


def test_the_shipped_run_stays():
    with pytest.raises(RunInUse, match="comes with the project"):
        delete_run(SHIPPED)
    assert open_run(SHIPPED)


def test_the_run_that_reads_stays_until_another_reads():
    activate(NAME)
    with pytest.raises(RunInUse, match="it reads now"):
        delete_run(NAME)
    assert open_run(NAME)
    activate(SHIPPED)
    delete_run(NAME)
    assert read_active().previous is None  # nobody is offered to go back to it


def test_a_run_that_is_being_exported_stays(run):
    with at_work(export_task(run, ONNX)), pytest.raises(RunInUse, match="being exported"):
        delete_run(NAME)
    assert open_run(NAME)


def test_a_run_that_is_being_measured_stays(run):
    with at_work(robustness_task(run)), pytest.raises(RunInUse, match="robustness is being measured"):
        delete_run(NAME)
    assert open_run(NAME)


def test_an_export_that_failed_keeps_nothing(run):
    export_path(run, ONNX).parent.mkdir(parents=True)
    export_task(run, ONNX).write_status(TaskStatus(state="failed", message="no memory"))
    assert why_kept(NAME) is None
    delete_run(NAME)


@pytest.mark.parametrize("name", ["nobody", "..", "../runs", "/etc", "", ".hidden"])
def test_nothing_but_a_run_is_deleted(name):
    before = sorted(paths.home().rglob("*"))
    with pytest.raises(UnknownRun):
        delete_run(name)
    assert set(before) <= set(paths.home().rglob("*"))


def test_whoever_comes_second_is_told():
    delete_run(NAME)
    with pytest.raises(UnknownRun, match="deleted"):
        delete_run(NAME)
