"""How exports and measurements are requested and stored, without making any."""

import sys

import pytest

from digit_core.errors import ExportFailed
from digit_core.jobs.background_task import TaskStatus
from digit_core.jobs.tasks import (
    FORMATS,
    Export,
    Point,
    Robustness,
    export_format,
    export_path,
    export_source,
    export_task,
    load_export,
    load_robustness,
    robustness_path,
    robustness_source,
    save_export,
    save_robustness,
)

ONNX = FORMATS["onnx"]


@pytest.fixture
def run(add_run):
    return add_run("20260101-120000-quick")


def keep(run, content=b"a model"):
    made = export_path(run, ONNX).with_name("made")
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_bytes(content)
    figures = {"images": 1000, "agreement": 1, "logit_difference": 0, "accuracy": 0.99, "run_accuracy": 0.99}
    export = Export(run=run.name, format="onnx", size=len(content), source=export_source(run), seconds=1, **figures)
    save_export(run, ONNX, made, export)
    return export


def test_an_unknown_format_is_answered_with_the_known_ones():
    with pytest.raises(ExportFailed, match="no format 'pdf'; choose one of keras, tflite, tflite-int8, onnx"):
        export_format("pdf")


def test_an_export_counts_until_its_file_or_the_model_changes(run):
    assert load_export(run, ONNX) is None
    export = keep(run)
    assert load_export(run, ONNX) == export
    export_path(run, ONNX).write_bytes(b"half")
    assert load_export(run, ONNX) is None
    keep(run)
    (run.path / "model.tflite").write_bytes(b"another model")
    assert load_export(run, ONNX) is None


def test_an_export_of_an_earlier_version_does_not_count(run):
    keep(run)
    path = export_path(run, ONNX).with_name(f"{run.name}.onnx.json")
    path.write_text(path.read_text().replace("agreement", "same_readings"))
    assert load_export(run, ONNX) is None


def test_each_format_of_each_run_is_a_task_in_one_queue(run, add_run):
    runs = run, add_run("20260102-120000-quick")
    tasks = [export_task(each, form) for each in runs for form in FORMATS.values()]
    assert len({task.path for task in tasks}) == len({task.command for task in tasks}) == 8
    assert len({task.queue for task in tasks}) == 1
    assert tasks[0].command == (sys.executable, "-m", "digit_core.training", "export", run.name, "keras")


def test_the_status_is_beside_the_export_and_not_in_the_run(run):
    before = sorted(run.path.rglob("*"))
    task = export_task(run, ONNX)
    task.write_status(TaskStatus(state="failed", message="the disk is full"))
    assert [path.name for path in export_path(run, ONNX).parent.iterdir()] == [f"{run.name}.onnx.progress.json"]
    assert sorted(run.path.rglob("*")) == before
    assert export_task(run, ONNX).status().message == "the disk is full"
    assert export_task(run, FORMATS["keras"]).status() is None


def test_a_measurement_counts_until_the_model_changes_and_the_run_is_not_written_to(run):
    before = sorted(path.name for path in run.path.rglob("*"))
    assert load_robustness(run) is None
    points = {"rotation": [Point(strength=0, right=9), Point(strength=30, right=7)]}
    measured = Robustness(run=run.name, source=robustness_source(run), images=10, seconds=1, curves=points)
    save_robustness(run, measured)
    assert load_robustness(run) == measured
    assert sorted(path.name for path in run.path.rglob("*")) == before
    (run.path / "model.tflite").write_bytes(b"another model")
    assert load_robustness(run) is None


def test_a_damaged_measurement_does_not_count(run):
    robustness_path(run).parent.mkdir(parents=True)
    robustness_path(run).write_text("{")
    assert load_robustness(run) is None
