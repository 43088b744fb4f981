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
