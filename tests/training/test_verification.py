"""An exported file predicts like its run, or there is none."""

import errno
import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from digit_core.errors import DamagedRun, DataUnavailable, ExportFailed, StorageError
from digit_core.jobs.background_task import sidecar_path
from digit_core.jobs.tasks import FORMATS, export_path, export_task, load_export
from digit_core.runs.run import SHIPPED, open_run
from digit_core.training.export import verification
from digit_core.training.export.verification import export
from tests.processes import linux, processes_with
from tests.waiting import wait_for


def contents(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in _files(folder)}


def _files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def left_behind(run, form):
    """The files of an export, except its lock."""
    folder = export_path(run, form).parent
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def broken(*_):
    raise AssertionError("this should not have been called")


@pytest.fixture
def older_run(trained_run):
    """A run of before `config.json` recorded the files' sizes, so that a damaged file passes `Run.check`."""
    path = trained_run.path / "config.json"
    document = json.loads(path.read_text())
    del document["sizes"]
    path.write_text(json.dumps(document))
    return trained_run


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_an_export_predicts_like_its_run_which_stays_unchanged(trained_run, form):
    before = contents(trained_run.path)
    result = export(trained_run, form)
    path = export_path(trained_run, form)
    assert result.images == trained_run.metrics.test_images == 359  # all of them: there are fewer than 1,000
    assert result.run_accuracy == pytest.approx(trained_run.metrics.accuracy, abs=1 / 359)
    if form.name == "tflite-int8":
        assert result.agreement >= 0.95
        assert result.size < 0.4 * len(trained_run.model_bytes())
    else:
        assert (result.agreement, result.accuracy) == (1.0, result.run_accuracy)
        assert result.logit_difference < 1e-3
    assert result.size == path.stat().st_size
    assert left_behind(trained_run, form) == [path.name, f"{path.name}.json"]
    assert contents(trained_run.path) == before


def test_an_int8_export_takes_and_gives_bytes(trained_run):
    export(trained_run, FORMATS["tflite-int8"])
    interpreter = Interpreter(str(export_path(trained_run, FORMATS["tflite-int8"])))
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert taken["dtype"] == given["dtype"] == np.int8
    # as the export card says: pixel value minus 128
    assert taken["quantization"] == (pytest.approx(1 / 255, rel=1e-6), -128)


@pytest.mark.parametrize("form", [FORMATS["keras"], FORMATS["tflite"]], ids=lambda form: form.name)
def test_a_format_that_the_run_has_already_is_copied(trained_run, form):
    export(trained_run, form)
    assert export_path(trained_run, form).read_bytes() == (trained_run.path / f"model{form.ending}").read_bytes()


def test_a_second_request_finds_the_first_ones_file(trained_run, monkeypatch):
    form = FORMATS["tflite"]
    first = export(trained_run, form)
    monkeypatch.setitem(verification.CONVERTERS, "tflite", broken)
    assert export(trained_run, form) == first


def test_a_changed_model_is_exported_again(older_run):
    form = FORMATS["tflite"]
    first = export(older_run, form)
    (older_run.path / "model.keras").write_bytes(b"another")
    assert load_export(older_run, form) is None
    assert export(older_run, form).source != first.source


@pytest.mark.parametrize("form", [FORMATS["tflite"], FORMATS["tflite-int8"]], ids=lambda form: form.name)
def test_a_file_that_does_not_agree_is_an_error_and_is_deleted(trained_run, form, monkeypatch):
    logits = verification.LOGITS["tflite"]
    monkeypatch.setitem(verification.CONVERTERS, form.name, verification.CONVERTERS["tflite"])
    monkeypatch.setitem(verification.LOGITS, form.name, lambda path, images: np.roll(logits(path, images), 1, axis=1))
    with pytest.raises(ExportFailed, match=r"does not agree with the run: .* of 359 test images, .* It was deleted"):
        export(trained_run, form)
    assert left_behind(trained_run, form) == []


def test_logits_of_another_shape_do_not_agree(trained_run, monkeypatch):
    monkeypatch.setitem(verification.LOGITS, "tflite", lambda path, images: np.zeros((len(images), 3)))
    with pytest.raises(ExportFailed, match=re.escape("logits of shape (359, 3), the run (359, 11)")):
        export(trained_run, FORMATS["tflite"])


@pytest.mark.parametrize("content", [b"", b"PK but not a model", None])
@pytest.mark.parametrize("form", [FORMATS["keras"], FORMATS["onnx"]], ids=lambda form: form.name)
def test_a_damaged_keras_model_is_reported(older_run, form, content):
    path = older_run.path / "model.keras"
    path.write_bytes(path.read_bytes()[:-9000] if content is None else content)
    with pytest.raises(DamagedRun, match=r"model\.keras is"):
        export(older_run, form)
    assert not export_path(older_run, form).exists()


def test_a_model_with_other_predictions_than_recorded_is_damaged(older_run):
    predictions = older_run.predictions()
    wrong = np.roll(predictions.probabilities, 1, axis=1)
    np.savez(older_run.path / "predictions.npz", probabilities=wrong, labels=predictions.labels)
    with pytest.raises(DamagedRun, match=r"model\.tflite and predictions\.npz disagree"):
        export(older_run, FORMATS["tflite"])


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("model.pb; No space left on device")]
)
def test_a_full_disk_is_reported_and_leaves_no_file(trained_run, monkeypatch, error):
    def write_half(run, path, data):
        path.write_bytes(b"half")
        raise error

    monkeypatch.setitem(verification.CONVERTERS, "onnx", write_half)
    with pytest.raises(StorageError, match="quick.onnx could not be written: the disk is full. Free some space"):
        export(trained_run, FORMATS["onnx"])
    assert left_behind(trained_run, FORMATS["onnx"]) == []


def test_the_leftovers_of_a_killed_export_are_deleted(trained_run):
    form = FORMATS["tflite"]
    leftover = export_task(trained_run, form).partial_path
    leftover.mkdir(parents=True)
    (leftover / "half").write_bytes(b"half")
    export(trained_run, form)
    assert not leftover.exists()


def test_without_mnist_the_shipped_run_says_what_to_do(own_home, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITS_MNIST", str(tmp_path / "gone.npz"))
    with pytest.raises(DataUnavailable, match="Set DIGITS_MNIST to an mnist.npz"):
        export(open_run(SHIPPED), FORMATS["tflite"])


@pytest.mark.mnist
def test_the_shipped_run_loses_at_most_three_images_in_int8(own_home, mnist, monkeypatch):
    monkeypatch.setenv("DIGITS_MNIST", str(mnist))
    result = export(open_run(SHIPPED), FORMATS["tflite-int8"])
    assert result.images == 1000
    assert result.accuracy >= result.run_accuracy - 0.003


@linux
def test_exports_started_at_once_run_one_at_a_time_in_processes_of_their_own(trained_run):
    tasks = [export_task(trained_run, form) for form in FORMATS.values()]
    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(lambda number: tasks[number % 4].start(), range(12))) == 4
    order = [ticket.path for ticket in tasks[0].queue.tickets()]
    processes = []

    def all_done():
        processes.append(processes_with("digit_core.training", trained_run.name))
        return all(task.watch() is None for task in tasks)

    wait_for(all_done, seconds=600)
    assert max(processes) <= 2  # one may end while the next begins
    forms = {export_path(trained_run, form): form for form in FORMATS.values()}
    ends = [sidecar_path(path, ".json").stat().st_mtime for path in order]
    starts = [end - load_export(trained_run, forms[path]).seconds for path, end in zip(order, ends, strict=True)]
    assert all(start > end - 0.02 for end, start in zip(ends, starts[1:], strict=False))  # in turn, without overlap


def test_a_failed_export_reports_the_reason(older_run):
    (older_run.path / "model.keras").write_bytes(b"nonsense")
    task = export_task(older_run, FORMATS["keras"])
    task.start()
    status = wait_for(lambda: not task.is_active() and task.status())
    assert status.state == "failed"
    assert "model.keras is damaged" in status.message
    assert "Traceback" not in task.log_path.read_text()
