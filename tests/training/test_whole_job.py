"""The progress of whole jobs, as it is written while a real training runs."""

import json

from digit_core.jobs import estimates, trainings
from digit_core.jobs.training_job import Request
from digit_core.runs.config import training_config
from digit_core.runs.schemas import Progress, Timings
from digit_core.storage import paths
from digit_core.training import worker
from digit_core.training.whole_job import WholeJob

CONFIG = training_config("quick", data="digits", epochs=2)


def test_the_fraction_of_a_real_training_never_decreases_and_ends_at_1(training_home, monkeypatch):
    folder = paths.working_folder() / "20260101-120000-quick"
    folder.mkdir(parents=True)
    job, stream = trainings.Job(folder), []
    job.write_request(Request(config=CONFIG.model_dump(), command="a test"))
    job.write_progress(Progress(done=0.0, started=Progress().updated))
    write = trainings.Job.write_progress

    def record(job, progress):
        stream.append(Progress.model_validate_json(progress.model_dump_json()))
        write(job, progress)

    monkeypatch.setattr(trainings.Job, "write_progress", record)
    monkeypatch.setattr(worker, "lower_priority", lambda: None)
    monkeypatch.setattr(worker.signal, "signal", lambda *_: None)
    lock = worker.claim(job)
    assert worker._train(job) == 0
    lock.release()
    fractions = [progress.fraction for progress in stream]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert [stream[-1].state, stream[-2].state] == ["finished", "publishing"]
    assert 0.3 < stream[-2].fraction < 1
    messages = [progress.message for progress in stream]
    for stage in ("Loading TensorFlow", "Preparing the data", "Compiling the training step", "Evaluating on the test"):
        assert any(message.startswith(stage) for message in messages), json.dumps(messages)
    assert all(progress.seconds_left is not None for progress in stream if progress.state == "evaluating")
    timings = stream[-1].timings
    assert min(timings.before, timings.fit, timings.after) > 0
    # From now on there is an estimate for this preset, and none for others.
    known = estimates.seconds_for(CONFIG)
    # Less than this one, which also generated the synthetic digits.
    assert timings.after < known < 4 * (timings.before + timings.fit + timings.after)
    assert estimates.seconds_for(training_config("quick", data="digits", epochs=20)) > known
    assert estimates.seconds_for(training_config("tiny")) is None


def test_a_slow_start_and_a_fast_end_do_not_move_the_bar_back(monkeypatch):
    expected = Timings(before=5, fit=10, after=5)
    monkeypatch.setattr("digit_core.training.whole_job.expected_timings", lambda config, warm: (expected, True))
    now = [1000.0]
    whole = WholeJob(Progress(started=1000.0), CONFIG, warm=False, clock=lambda: now[0])
    seen = []
    for seconds, progress in (
        (2, Progress(state="training")),
        (60, Progress(state="training", message="Downloading the data: 50%")),
        (61, Progress(state="training", epochs=2, steps=10)),
        (62, Progress(state="training", epochs=2, epoch=1, steps=10, step=5, seconds_left=3)),
        (63, Progress(state="evaluating")),
        (64, Progress(state="publishing")),
    ):
        now[0] = 1000.0 + seconds
        seen.append(whole.progress(progress))
    assert [each.done for each in seen] == sorted(each.done for each in seen)
    assert seen[0].seconds_left == 18  # of 20
    assert seen[3].seconds_left == 3 + 5
    assert (seen[-1].epoch, seen[-1].state) == (1, "publishing")  # the last figures stay
    assert (seen[-1].timings.before, seen[-1].timings.fit) == (61, 2)


def test_a_progress_of_an_earlier_version_has_the_fraction_of_its_steps():
    old = '{"state": "training", "epoch": 2, "epochs": 4, "step": 5, "steps": 10, "updated": 1}'
    assert Progress.model_validate_json(old).fraction == 0.375
    finished = Progress.model_validate_json('{"state": "finished", "message": "Test accuracy 99.66%"}')
    assert (finished.activated, finished.timings) == (False, None)
