"""How the making of an export is told, without making any."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from digit_core.errors import ExportFailed, UnknownRun
from digit_core.records import exports
from digit_core.records.exports import (
    FORMATS,
    Export,
    Making,
    export_format,
    export_lock,
    export_path,
    forget_making,
    keep_export,
    kept_export,
    making_of,
    source_of,
    start_export,
    write_making,
)
from digit_core.records.placing import remove_folder

ONNX = FORMATS["onnx"]


@pytest.fixture
def run(add_run):
    return add_run("20260101-120000-quick")


@pytest.fixture
def started(monkeypatch) -> list:
    """The processes that would have been started."""
    commands = []
    monkeypatch.setattr(exports, "start_apart", lambda log, *arguments: commands.append(arguments))
    return commands


def keep(run, content=b"a model"):
    made = export_path(run, ONNX).with_name("made")
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_bytes(content)
    figures = {"images": 1000, "same_readings": 1, "logit_difference": 0, "accuracy": 0.99, "run_accuracy": 0.99}
    export = Export(run=run.name, format="onnx", size=len(content), source=source_of(run), seconds=1, **figures)
    keep_export(run, ONNX, made, export)
    return export


def test_an_unknown_format_is_told_the_known_ones():
    with pytest.raises(ExportFailed, match="no format 'pdf'; choose one of keras, tflite, tflite-int8, onnx"):
        export_format("pdf")


def test_what_is_kept_is_found_until_file_or_model_change(run):
    assert kept_export(run, ONNX) is None
    export = keep(run)
    assert kept_export(run, ONNX) == export
    export_path(run, ONNX).write_bytes(b"half")
    assert kept_export(run, ONNX) is None
    keep(run)
    (run.path / "model.tflite").write_bytes(b"another model")
    assert kept_export(run, ONNX) is None


def test_it_is_waited_for_and_not_started_twice(run, started):
    assert making_of(run, ONNX) is None
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda _: start_export(run, ONNX), range(20)))
    assert started == [("export", run.name, "onnx")]
    assert making_of(run, ONNX).state == "waiting"


def test_of_a_run_that_was_deleted_meanwhile_nothing_is_made(run, started):
    remove_folder(run.path)
    with pytest.raises(UnknownRun):
        start_export(run, ONNX)
    assert (started, making_of(run, ONNX)) == ([], None)


def test_one_whose_process_lives_is_being_made_and_one_whose_process_died_has_failed(run, started):
    write_making(run, ONNX, Making(state="making", message="Converting the model"))
    with export_lock(run, ONNX):
        assert making_of(run, ONNX).message == "Converting the model"
        start_export(run, ONNX)
    assert started == []
    assert making_of(run, ONNX).state == "failed"
    assert "stopped from outside" in making_of(run, ONNX).message
    start_export(run, ONNX)
    assert len(started) == 1


def test_a_process_that_never_began_has_failed(run):
    write_making(run, ONNX, Making(updated=0))
    assert making_of(run, ONNX).state == "failed"


def test_a_failure_is_told_until_it_is_tried_again(run, started):
    write_making(run, ONNX, Making(state="failed", message="the disk is full"))
    assert making_of(run, ONNX).message == "the disk is full"
    start_export(run, ONNX)
    assert making_of(run, ONNX).state == "waiting"
    forget_making(run, ONNX)
    assert making_of(run, ONNX) is None
