"""The trainer before and after the fitting, with stand-ins for what takes long."""

import json
import os
import shutil
import signal

import pytest

from digit_core.errors import StorageError
from digit_core.learning import trainer, training
from digit_core.learning.callbacks import Cancelled
from digit_core.records import home, jobs
from digit_core.records.backups import BACKUP
from digit_core.records.config import training_config
from digit_core.records.job import Request
from digit_core.records.results import Progress
from digit_core.records.runs import BINARY, SHIPPED, list_runs, open_run
from digit_core.records.served import served

FULL = StorageError("config.json could not be written: the disk is full. Free some space and try again.")


def fill(config, folder, report, **_):
    """Stands in for `train`: fills the folder and keeps what it could go on from."""
    report(Progress(state="evaluating", message="Reading the test images", epochs=5))
    shutil.copytree(home.SHIPPED_RUN, folder, dirs_exist_ok=True)
    (folder / BACKUP).mkdir()
    return open_run(SHIPPED).metrics


@pytest.fixture
def job(own_home, monkeypatch):
    """A job that `trainer._train` can be called with in this process."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(os, "nice", lambda _: None)
    monkeypatch.setattr("digit_core.learning.training.train", fill)
    folder = home.working_folder() / "20260101-120000-quick"
    folder.mkdir(parents=True)
    config = json.loads((home.SHIPPED_RUN / "config.json").read_text())["config"]
    (folder / "config.json").write_text(json.dumps({"config": config, "command": "a test"}))
    job = jobs.Job(folder)
    job.write_request(Request())
    yield job
    signal.signal(signal.SIGTERM, before)


def test_a_cancel_is_seen_while_the_data_are_fetched(own_home, tmp_path, monkeypatch):
    said = []

    def fetch(_name, report):
        for percent in range(100):
            report(percent / 100)

    monkeypatch.setattr(training, "load_dataset", fetch)
    with pytest.raises(Cancelled):
        training.train(
            training_config("quick"),
            tmp_path,
            command="a test",
            report=lambda progress: said.append(progress.message),
            cancelled=lambda: any("5%" in message for message in said),
        )
    assert said[-1] == "Fetching the data: 5%"


def refuse(*_):
    raise FULL


def test_a_finished_training_is_moved_and_read_with_and_what_it_could_go_on_from_is_gone(job):
    assert trainer._train(job) == 0
    assert served().run == job.name
    assert not job.folder.exists()
    assert not (open_run(job.name).path / BACKUP).exists()


def test_a_finished_training_that_cannot_be_moved_is_kept_and_moved_when_it_can_be(job, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "move_into_place", refuse)
        assert trainer._train(job) == 1
    assert job.progress().state == "finished"
    assert all((job.folder / name).exists() for name in (*BINARY, BACKUP))
    jobs.settle(job)
    assert open_run(job.name).metrics == open_run(SHIPPED).metrics
    assert not (home.runs_folder() / job.name / BACKUP).exists()


def test_a_finished_training_that_waits_to_be_moved_is_not_forgotten(own_home, monkeypatch):
    monkeypatch.setattr(jobs, "move_into_place", refuse)
    for number in range(9):
        folder = home.working_folder() / f"20260101-00000{number}-quick"
        folder.mkdir(parents=True)
        jobs.Job(folder).write_progress(Progress(state="finished" if number == 0 else "failed"))
    jobs.forget_old_jobs()
    assert (home.working_folder() / "20260101-000000-quick").exists()


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal; run it on Linux or macOS")
@pytest.mark.parametrize("trouble", ["full disk", "signal"])
def test_what_happens_after_the_move_makes_a_run_no_failed_training(job, monkeypatch, trouble):
    def interrupt(_):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(trainer, "serve", refuse if trouble == "full disk" else interrupt)
    assert trainer._train(job) == 0
    assert not job.folder.exists()
    assert jobs.latest().progress().state == "finished"
    if trouble == "full disk":
        assert "does not read yet: config.json could not be written" in job.progress().message


def test_a_cancel_while_the_test_images_are_read_leaves_no_run(job, monkeypatch):
    def fill_and_be_cancelled(config, folder, **options):
        jobs.cancel(job)
        return fill(config, folder, **options)

    monkeypatch.setattr("digit_core.learning.training.train", fill_and_be_cancelled)
    assert trainer._train(job) == 0
    assert job.progress().state == "cancelled"
    assert [run.name for run in list_runs().runs] == [SHIPPED]
    assert (job.folder / BACKUP).exists()
