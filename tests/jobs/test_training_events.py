import time

import pytest

from digit_core.jobs import training_events
from digit_core.jobs.training_events import TrainingEvents
from digit_core.jobs.training_job import Job
from digit_core.runs.publishing import remove_folder
from digit_core.runs.schemas import Progress
from digit_core.storage import paths
from digit_core.storage.files import make_folder


@pytest.fixture
def recorded(monkeypatch) -> list[dict]:
    events: list[dict] = []
    monkeypatch.setattr(training_events, "log_event", lambda event, **fields: events.append({"event": event, **fields}))
    return events


def training(name: str, state: str, ago: float = 0.0) -> Job:
    job = Job(make_folder(paths.working_folder() / name))
    now = time.time() - ago
    job.write_progress(Progress(state=state, started=now - 60, updated=now))
    return job


def test_the_end_of_a_training_is_recorded_once(recorded):
    events = TrainingEvents()
    training("20260101-000000-quick", "failed")
    events.look()
    events.look()
    assert recorded == [
        {
            "event": "training_ended",
            "run": "20260101-000000-quick",
            "outcome": "failed",
            "activated": False,
            "seconds": 60.0,
        }
    ]


def test_what_ended_before_the_app_started_is_no_event_even_when_it_becomes_the_last(recorded):
    training("20260101-000000-quick", "failed", ago=100)
    events = TrainingEvents()
    events.look()
    later = training("20260102-000000-quick", "cancelled")
    events.look()
    remove_folder(later.folder)
    events.look()
    assert [event["outcome"] for event in recorded] == ["cancelled"]


def test_a_training_that_was_resumed_and_ends_again_is_recorded_again(recorded):
    events = TrainingEvents()
    training("20260101-000000-quick", "cancelled", ago=-1)
    events.look()
    training("20260101-000000-quick", "cancelled", ago=-2)
    events.look()
    assert len(recorded) == 2


def test_the_watch_ends_with_the_app(recorded):
    events = TrainingEvents()
    events.start()
    events.stop()
    assert not events._thread.is_alive()
