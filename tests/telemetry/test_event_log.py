import json
import subprocess
import sys

import pytest

from digit_core.access import actors
from digit_core.errors import NotPermitted
from digit_core.storage import paths
from digit_core.telemetry import event_log
from digit_core.telemetry.events import log_event, predicting


@pytest.fixture
def log(tmp_path, monkeypatch):
    """The app's log in a file."""
    monkeypatch.setenv("DIGITS_LOG", str(tmp_path / "logs" / "digit-lab.log"))
    assert event_log.start(app=True) is None
    yield tmp_path / "logs" / "digit-lab.log"
    event_log.stop()


def lines(log) -> list[dict]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_an_event_is_one_json_line_with_time_level_and_fields(log):
    log_event("training_started", run="quick 3\n{", epochs=2, resumed=False)
    (line,) = lines(log)
    assert line["time"].endswith("Z") and line["time"][10] == "T"
    assert line | {"time": ""} == {
        "time": "",
        "level": "info",
        "event": "training_started",
        "process": line["process"],
        "run": "quick 3\n{",
        "epochs": 2,
        "resumed": False,
    }


def test_a_field_cannot_pass_for_the_event_or_the_time(log):
    log_event("refused", **{"time": "yesterday", "process": 0})
    (line,) = lines(log)
    assert line["event"] == "refused" and line["time"] != "yesterday" and line["process"] != 0


def test_predictions_are_not_written_one_by_one(log):
    with predicting("canvas"):
        pass
    assert log.read_text() == ""


def test_without_the_variable_nothing_is_written(monkeypatch, capfd):
    monkeypatch.delenv("DIGITS_LOG", raising=False)
    event_log.start(app=True)
    log_event("page_failed", level="error")
    event_log.stop()
    assert capfd.readouterr() == ("", "")


def test_only_the_app_logs_on_standard_error(monkeypatch, capfd):
    monkeypatch.setenv("DIGITS_LOG", "stderr")
    event_log.start(app=False)
    log_event("run_activated", run="one")
    assert capfd.readouterr().err == ""
    event_log.start(app=True)
    log_event("run_activated", run="two")
    event_log.stop()
    assert json.loads(capfd.readouterr().err)["run"] == "two"


def test_a_full_file_is_renamed_and_other_processes_follow(log, monkeypatch):
    monkeypatch.setattr(event_log, "_LARGEST", 500)
    event_log.start(app=True)
    other = "from digit_core.telemetry.events import log_event; log_event('run_activated', run='theirs')"
    for number in range(8):
        log_event("run_activated", run=f"ours {number}")
    subprocess.run([sys.executable, "-c", other], cwd=paths.PROJECT, check=True)
    assert len(list(log.parent.iterdir())) > 1
    assert lines(log)[-1]["run"] == "theirs"


def test_a_log_that_cannot_be_written_is_a_sentence_and_stops_nothing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DIGITS_LOG", str(tmp_path / "file" / "log"))
    assert "DIGITS_LOG" in event_log.start(app=True)
    log_event("run_activated", run="one")


def test_a_refusal_says_what_was_refused_and_not_to_whom(log, monkeypatch):
    monkeypatch.setattr(actors, "_identify", lambda: actors.Actor(actors.Role.VISITOR, "a secret key"))
    with pytest.raises(NotPermitted):
        actors.require(actors.Action.TRAIN)
    (line,) = lines(log)
    assert (line["event"], line["reason"], line["action"]) == ("refused", "permission", "train")
    assert "a secret key" not in log.read_text()
