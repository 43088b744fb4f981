import json

import pytest

from digit_core.jobs import trainings
from digit_core.jobs.training_job import Request
from digit_core.runs.config import training_config
from digit_core.runs.run import HISTORY_FIELDS
from digit_core.runs.schemas import Progress
from digit_core.runs.steps import STEP_FIELDS
from digit_core.storage import paths
from pages.components.training_curves import Curves, _axes, _charts
from tests.pages.conftest import texts

NAME = "20260101-120000-quick"
STEPS = [
    dict(zip(STEP_FIELDS, (step, 1 + (step - 1) // 10, step * 0.5, 2 / step, 0.5, 0.01, 5000), strict=True))
    for step in range(1, 16)
]
HISTORY = [dict(zip(HISTORY_FIELDS, (1, 0.5, 0.8, 0.4, 0.9, 5.0), strict=True))]


def write_csv(path, rows):
    path.write_text("\n".join([",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]))


@pytest.fixture
def job():
    folder = paths.working_folder() / NAME
    folder.mkdir(parents=True)
    job = trainings.Job(folder)
    job.write_request(Request(config=training_config("quick", epochs=4).model_dump()))
    (folder / "train.log").write_text("\n".join(f"line {number}" for number in range(200)))
    return job


def curves_of(app) -> dict:
    (found,) = [c.proto for c in app.get("bidi_component") if c.proto.component_name == "training_curves"]
    return json.loads(found.json)


def test_without_a_training_the_page_says_how_to_start_one(open_page):
    app = open_page("training")
    assert "press *Retrain*" in texts(app)


def test_a_training_shows_its_progress_its_curves_its_settings_and_the_end_of_its_log(open_page, job, monkeypatch):
    write_csv(job.folder / "steps.csv", STEPS)
    write_csv(job.folder / "history.csv", HISTORY)
    values = {"epoch": 2, "epochs": 4, "step": 5, "steps": 10, "loss": 0.25, "accuracy": 0.9, "seconds_left": 42}
    job.write_progress(Progress(state="training", done=0.4, **values))
    monkeypatch.setattr(trainings, "current", lambda: job)
    app = open_page("training")
    assert "Training: Quick, 01 Jan 12:00:00" in texts(app)
    shown = {metric.label: metric.value for metric in app.metric}
    assert (shown["Epoch"], shown["Loss"], shown["Images per second"]) == ("2/4", "0.2500", "5,000")
    assert [chart["title"] for chart in curves_of(app)["charts"]][:3] == ["Loss", "Accuracy", "Learning rate"]
    (log,) = app.code
    assert log.value.endswith("line 199") and "line 0\n" not in log.value
    assert "| Epochs | 4 |" in texts(app)
    assert "cancel-on-page" in [button.key for button in app.button]


def test_a_training_that_has_just_started_has_no_curve_yet(open_page, job, monkeypatch):
    job.write_progress(Progress(message="Loading TensorFlow", epochs=4))
    monkeypatch.setattr(trainings, "current", lambda: job)
    assert "The curves begin with the first steps." in texts(open_page("training"))


def test_a_failed_training_shows_why_and_its_log(open_page, job):
    job.write_progress(Progress(state="failed", message="The disk is full"))
    app = open_page("training")
    assert "Failed: Quick, 01 Jan 12:00:00" in texts(app)
    assert "The disk is full." in texts(app)
    assert next(expander for expander in app.expander if expander.label == "Log").proto.expanded


def test_the_axes_end_where_the_training_will(own_home):
    step, epoch, _ = _axes(Curves(HISTORY, STEPS, epochs=36, steps_per_epoch=10))
    assert (step["end"], epoch["end"]) == (360, 36)
    assert [axis["key"] for axis in _axes(Curves(HISTORY, (), epochs=36))] == ["epoch", "seconds"]


def test_points_by_step_and_by_epoch_have_the_same_axes():
    loss, *_ = _charts(Curves(HISTORY, STEPS, 4, 10), NAME)
    training, validation = loss["lines"]
    assert training["points"][9] | {"y": 0} == {"step": 10, "epoch": 1.0, "seconds": 5.0, "y": 0}
    assert validation["points"] == [{"step": 10, "epoch": 1, "seconds": 5.0, "y": 0.4}]


def test_a_run_without_a_record_by_step_has_curves_by_epoch():
    loss, accuracy = _charts(Curves(HISTORY, (), 1), NAME)
    assert [line["title"] for line in accuracy["lines"]] == ["training", "validation"]
    assert loss["can_log"] and accuracy["share"]
