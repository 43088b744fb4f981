"""How much is kept: what goes, in which order, and what never does."""

import os

import pytest

from digit_core.errors import InvalidConfig
from digit_core.jobs import recovery, retention
from digit_core.jobs.background_task import TaskStatus
from digit_core.jobs.machine_lock import machine_lock, write_owner
from digit_core.jobs.tasks import FORMATS, export_path, export_task
from digit_core.jobs.training_job import Job, Request
from digit_core.runs.active_run import activate
from digit_core.runs.notes import write_note
from digit_core.runs.run import SHIPPED, list_runs
from digit_core.runs.schemas import Progress
from digit_core.storage import paths
from tests.constructed import construct_run


def name(number: int) -> str:
    return f"202601{number:02}-000000-quick-no{number}"


def left() -> list[int]:
    return sorted(int(run.name[6:8]) for run in list_runs().runs if run.name != SHIPPED)


@pytest.fixture
def runs(own_home, monkeypatch):
    """Eight runs, of which at most five may be kept."""
    monkeypatch.setenv("DIGITS_MAX_RUNS", "5")
    return [construct_run(name(number)) for number in range(1, 9)]


def test_the_oldest_runs_go_and_a_sentence_says_so(runs):
    assert retention.enforce() == "The 3 oldest unnamed runs were deleted: the limit is 5 runs"
    assert left() == [4, 5, 6, 7, 8]
    assert retention.enforce() == ""


def test_active_previous_named_tagged_exporting_renamed_and_new_runs_stay(runs, monkeypatch):
    monkeypatch.setenv("DIGITS_MAX_RUNS", "1")
    activate(name(1))
    activate(name(2))
    write_note(name(3), "the best", "")
    write_note(name(4), "", "", ["keep"])
    export_task(runs[4], FORMATS["onnx"]).write_status(TaskStatus(state="waiting"))
    queue = export_task(runs[4], FORMATS["onnx"])
    queue.queue.folder.mkdir(exist_ok=True)
    queue.start()
    runs[5].path.rename(paths.runs_folder() / "mine")
    retention.enforce(keep=name(7))
    kept = {run.name for run in list_runs().runs} - {SHIPPED}
    queue.cancel()
    assert kept == {*map(name, (1, 2, 3, 4, 5, 7)), "mine"}


def test_the_run_that_a_training_begins_with_stays(runs):
    folder = paths.working_folder() / "20260201-000000-quick-tuned-no9"
    folder.mkdir(parents=True)
    tuned = {**runs[0].config.model_dump(), "base_run": name(1), "drawings": 9, "drawing_share": 0.2}
    Job(folder).write_request(Request(config=tuned))
    with machine_lock():
        write_owner(folder)
        retention.enforce()
    assert left() == [1, 5, 6, 7, 8]


def test_for_megabytes_what_can_be_computed_again_goes_first_then_trainings_without_a_run(own_home, monkeypatch):
    runs = [construct_run(name(number)) for number in (1, 2)]
    for path, megabytes in ((paths.features_folder() / "a.npy", 3), (export_path(runs[0], FORMATS["onnx"]), 3)):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
        os.truncate(path, megabytes * 1_000_000)
    stopped = Job(paths.working_folder() / "20260103-000000-quick-no3")
    stopped.folder.mkdir(parents=True)
    stopped.write_progress(Progress(state="failed"))
    (stopped.folder / "checkpoint").write_bytes(bytes(3_000_000))
    gone = []
    for limit in (9.5, 6.5, 3.5, 0.5, 0.001):
        monkeypatch.setenv("DIGITS_MAX_MEGABYTES", str(limit))
        retention.enforce()
        features = any(paths.features_folder().glob("*.npy"))
        gone.append((features, export_path(runs[0], FORMATS["onnx"]).exists(), stopped.folder.exists(), left()))
    both = [1, 2]
    assert gone[:4] == [
        (True, True, True, both),
        (False, True, True, both),
        (False, False, True, both),
        (False, False, False, both),
    ]
    assert gone[4][3] == []


def test_what_would_go_next_is_known_beforehand(runs, monkeypatch):
    monkeypatch.setenv("DIGITS_MAX_RUNS", "8")
    assert [run.name for run in retention.next_to_go()] == [name(1)]
    write_note(name(1), "mine", "")
    assert [run.name for run in retention.next_to_go()] == [name(2)]
    monkeypatch.setenv("DIGITS_MAX_RUNS", "9")
    assert retention.next_to_go() == []


def test_publishing_a_run_deletes_the_oldest_and_tells_it(runs):
    job = Job(paths.working_folder() / name(9))
    made = construct_run(name(9))
    job.folder.parent.mkdir(parents=True, exist_ok=True)
    made.path.rename(job.folder)
    job.write_progress(Progress(state="publishing", epochs=3, active=SHIPPED, updated=1e9))
    job.write_request(Request(activate=False))
    recovery.recover()
    assert left() == [5, 6, 7, 8, 9]
    assert job.progress().message.endswith("The 4 oldest unnamed runs were deleted: the limit is 5 runs")


@pytest.mark.parametrize("value", ["many", "-3", "0", "nan", "inf"])
def test_a_limit_that_is_no_number_is_named_and_deletes_nothing(runs, monkeypatch, value):
    monkeypatch.setenv("DIGITS_MAX_RUNS", value)
    with pytest.raises(InvalidConfig, match=r"DIGITS_MAX_RUNS should be a number above 0.*default is 200"):
        retention.limits()
    assert retention.enforce() == ""
    assert len(left()) == 8
