"""What a start finds: a clock that was set back, another app in the same folder, locks and downloads left behind."""

import os
import subprocess
import sys
import time

import pytest
from filelock import FileLock

from digit_core.datasets.sources import load_mnist, sweep_downloads
from digit_core.errors import DataDamaged, TrainingBusy
from digit_core.jobs import home_lock, machine_lock, recovery, trainings
from digit_core.jobs.task_queue import TaskQueue, Ticket
from digit_core.jobs.tasks import FORMATS, export_task
from digit_core.jobs.training_job import Job, Request
from digit_core.runs.active_run import activate, read_active
from digit_core.runs.notes import note_of, write_note
from digit_core.runs.publishing import hide_folder
from digit_core.runs.run import SHIPPED, list_runs
from digit_core.runs.schemas import Progress
from digit_core.storage import paths
from digit_core.storage.files import make_folder, write_text
from tests.constructed import construct_run

NAME = "20260101-120000-quick-no1"
_YEAR = 365 * 86_400.0


@pytest.fixture
def complete(own_home) -> Job:
    """A training whose trainer was killed when its run was complete."""
    job = Job(make_folder(paths.working_folder()) / NAME)
    construct_run(NAME).path.rename(job.folder)
    job.write_request(Request())
    job.write_progress(Progress(state="publishing", epochs=3, active=SHIPPED, updated=time.time() + _YEAR))
    return job


def test_a_training_that_waits_since_a_moment_in_the_future_is_not_starting(own_home):
    job = Job(make_folder(paths.working_folder() / NAME))
    job.write_progress(Progress(state="waiting", updated=time.time() + _YEAR))
    assert trainings.progress_of(job).state == "failed"


def test_a_model_activated_in_the_future_does_not_keep_new_ones_from_being_activated(complete):
    activate(construct_run("20260101-110000-quick-no9", wrong={0: 1, 1: 2}).name)
    activate(SHIPPED)
    later = time.time() + _YEAR
    os.utime(paths.active_file(), (later, later))
    recovery.recover()
    assert "another run was activated" not in complete.progress().message


def test_a_run_that_a_person_activated_meanwhile_stays_active_whatever_the_clock_says(complete):
    chosen = construct_run("20260101-110000-quick-no9").name
    activate(chosen)
    os.utime(paths.active_file(), (1000, 1000))
    recovery.recover()
    assert read_active().run == chosen
    assert "Kept, not activated: another run was activated in the meantime" in complete.progress().message


def test_progress_in_the_future_does_not_hide_the_latest_training(own_home):
    for number, age in ((1, -_YEAR), (2, 50.0), (3, 10.0)):
        job = Job(make_folder(paths.working_folder() / f"202601{number:02}-120000-quick-no{number}"))
        job.write_progress(Progress(state="failed"))
        moment = time.time() - age
        os.utime(job.folder / "progress.json", (moment, moment))
    assert trainings.latest().name == "20260103-120000-quick-no3"


_RECOVER = """
import sys
from digit_core.jobs.recovery import recover
sys.stdin.readline()
recover()
"""


def test_apps_that_start_together_in_one_folder_publish_a_run_once(complete):
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", _RECOVER], cwd=paths.PROJECT, stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    said = [start.communicate(b"\n")[1].decode() for start in starts]
    assert said == [""] * 3
    assert complete.progress().state == "finished"
    assert [run.name for run in list_runs().runs] == [NAME, SHIPPED]
    assert list(paths.working_folder().iterdir()) == []


def test_a_start_waits_for_one_in_another_process_that_repairs_the_folder(own_home, monkeypatch):
    monkeypatch.setattr(home_lock, "_PATIENCE", 0.1)
    own_home.mkdir()
    with (
        FileLock(own_home / ".recovery.lock"),
        pytest.raises(TrainingBusy, match="Try again"),
        home_lock.home_lock(),
    ):
        pass
    with home_lock.home_lock():
        pass


def test_a_folder_of_an_app_killed_before_its_request_is_removed(own_home):
    make_folder(paths.working_folder() / NAME)
    Job(paths.working_folder() / NAME).write_request(Request())
    recovery.recover()
    assert list(paths.working_folder().iterdir()) == []


def test_a_deletion_that_was_killed_is_finished_with_exports_and_note(own_home):
    run = construct_run(NAME)
    write_note(NAME, "a name", "")
    task = export_task(run, FORMATS["onnx"])
    write_text(task.path, "a model")
    hide_folder(run.path)
    recovery.recover()
    assert list(paths.runs_folder().iterdir()) == []
    assert note_of(NAME).title == ""
    assert not task.path.parent.exists()


def test_a_partial_result_goes_when_its_process_is_gone_and_stays_while_it_runs(own_home):
    task = export_task(construct_run(NAME), FORMATS["onnx"])
    write_text(task.partial_path / "model.onnx", "half")
    with FileLock(task.lock_path):
        recovery.recover()
        assert task.partial_path.exists()
    recovery.recover()
    assert not task.partial_path.exists()


def test_locks_without_a_holder_heal_although_their_process_number_is_another_program_s(own_home):
    job = Job(make_folder(paths.working_folder() / NAME))
    with machine_lock.machine_lock():
        machine_lock.write_owner(job.folder)  # with the number of this process, which is alive
    assert trainings.current() is None
    task = export_task(construct_run("20260102-120000-quick-no2"), FORMATS["onnx"])
    queue = TaskQueue()
    make_folder(queue.folder)
    make_folder(task.path.parent)
    for path in (queue.turn_path, queue.folder / "queue.lock", task.lock_path):
        path.write_text(str(os.getpid()))
    assert not queue.is_busy()
    with queue.locked():  # a ticket whose process's number is this one's, from long ago
        queue.add(
            Ticket(path=task.path, log=task.log_path, command=("x",), started=time.time() - 3600, process=os.getpid())
        )
    recovery.recover()
    assert queue.tickets() == []


def test_a_half_downloaded_data_set_is_swept_and_never_during_a_download(own_home):
    folder = make_folder(paths.data_folder())
    (folder / "tmpab12cd34").write_bytes(b"half")
    with FileLock(folder / ".download.lock"):
        sweep_downloads()
        assert (folder / "tmpab12cd34").exists()
    recovery.recover()
    assert not (folder / "tmpab12cd34").exists()


def test_half_of_a_data_set_in_its_place_is_reported_deleted_and_fetched_anew(no_mnist, own_home):
    path = make_folder(paths.data_folder()) / "mnist.npz"
    path.write_bytes(b"PK\x03\x04" + bytes(5000))
    with pytest.raises(DataDamaged, match="The file was deleted; try again to fetch it anew"):
        load_mnist()
    assert not path.exists()
