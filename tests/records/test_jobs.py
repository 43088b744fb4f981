"""Jobs by their files, without a trainer."""

from digit_core.records import home, jobs
from digit_core.records.job import Request
from digit_core.records.results import Progress

NAME = "20260101-120000-quick"


def test_what_is_said_to_a_training_that_has_become_a_run_brings_no_folder_back(add_run):
    run = add_run(NAME)
    job = jobs.Job(home.working_folder() / NAME)
    jobs.cancel(job)
    job.write_request(Request())
    job.write_progress(Progress(state="failed"))
    assert not job.folder.exists()
    assert not (run.path / "request.json").exists()


def test_the_latest_training_is_the_one_that_was_heard_of_last_and_not_the_one_begun_last(add_run):
    for name, updated in (("20260101-120000-quick", 3000), ("20260102-120000-quick", 2000)):
        folder = home.working_folder() / name
        folder.mkdir(parents=True)
        jobs.Job(folder).write_progress(Progress(state="failed", updated=updated))
    run = add_run("20260103-120000-quick")
    jobs.Job(run.path).write_progress(Progress(state="finished", updated=1000))
    add_run("20260104-120000-quick")  # it brought no progress with it, as one from another machine
    assert jobs.latest().name == "20260101-120000-quick"
    jobs.Job(run.path).write_progress(Progress(state="finished", updated=4000))
    assert jobs.latest().name == run.name


def test_a_training_that_was_killed_is_told_to_have_ended_when_it_was_heard_of_last(own_home):
    job = jobs.Job(home.working_folder() / NAME)
    job.folder.mkdir(parents=True)
    job.write_progress(Progress(state="training", updated=1000))
    assert (jobs.settle(job).state, job.progress().state) == ("failed", "failed")
    assert job.progress().updated == 1000
