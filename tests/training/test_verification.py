"""An exported file reads as its run does, or there is none."""

import errno
import hashlib
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from digit_core.errors import DamagedRun, DataUnavailable, ExportFailed, StorageError
from digit_core.jobs.tasks import FORMATS, export_path, export_task, load_export
from digit_core.runs.run import SHIPPED, open_run
from digit_core.training.export import verification
from digit_core.training.export.verification import export
from tests.constructed import seal
from tests.processes import linux, processes_with
from tests.waiting import wait_for


def contents(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in _files(folder)}


def _files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def left_behind(run, form):
    """What of an export is there, but for its lock."""
    folder = export_path(run, form).parent
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def broken(*_):
    raise AssertionError("this should not have been called")


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_an_export_reads_as_its_run_which_stays_as_it_was(trained_run, form):
    before = contents(trained_run.path)
    result = export(trained_run, form)
    path = export_path(trained_run, form)
    assert result.images == trained_run.metrics.test_images == 359  # all of them: there are no 1,000
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
    # "a pixel goes in as its value less 128", says the page
    assert taken["quantization"] == (pytest.approx(1 / 255, rel=1e-6), -128)


@pytest.mark.parametrize("form", [FORMATS["keras"], FORMATS["tflite"]], ids=lambda form: form.name)
def test_a_format_that_the_run_has_is_the_very_file(trained_run, form):
    export(trained_run, form)
    assert export_path(trained_run, form).read_bytes() == (trained_run.path / f"model{form.ending}").read_bytes()


def test_a_second_request_finds_the_first_ones_file(trained_run, monkeypatch):
    form = FORMATS["tflite"]
    first = export(trained_run, form)
    monkeypatch.setitem(verification.CONVERTERS, "tflite", broken)
    assert export(trained_run, form) == first


def test_another_model_under_the_same_name_is_exported_anew(trained_run):
    form = FORMATS["tflite"]
    first = export(trained_run, form)
    (trained_run.path / "model.keras").write_bytes(b"another")
    seal(trained_run.path)
    changed = open_run(trained_run.name)
    assert load_export(changed, form) is None
    assert export(changed, form).source != first.source


@pytest.mark.parametrize("form", [FORMATS["tflite"], FORMATS["tflite-int8"]], ids=lambda form: form.name)
def test_a_file_that_does_not_agree_is_an_error_and_not_left(trained_run, form, monkeypatch):
    read = verification.READERS["tflite"]
    monkeypatch.setitem(verification.CONVERTERS, form.name, verification.CONVERTERS["tflite"])
    monkeypatch.setitem(verification.READERS, form.name, lambda path, images: np.roll(read(path, images), 1, axis=1))
    with pytest.raises(ExportFailed, match=r"does not agree with the run: .* of 359 test images, .* It was deleted"):
        export(trained_run, form)
    assert left_behind(trained_run, form) == []


def test_logits_of_another_shape_do_not_agree(trained_run, monkeypatch):
    monkeypatch.setitem(verification.READERS, "tflite", lambda path, images: np.zeros((len(images), 3)))
    with pytest.raises(ExportFailed, match=re.escape("logits of shape (359, 3), the run (359, 11)")):
        export(trained_run, FORMATS["tflite"])


@pytest.mark.parametrize("content", [b"", b"PK but not a model", None])
@pytest.mark.parametrize("form", [FORMATS["keras"], FORMATS["onnx"]], ids=lambda form: form.name)
def test_a_damaged_keras_model_is_a_sentence(trained_run, form, content):
    path = trained_run.path / "model.keras"
    path.write_bytes(path.read_bytes()[:-9000] if content is None else content)
    seal(trained_run.path)
    with pytest.raises(DamagedRun, match=r"model\.keras is"):
        export(trained_run, form)
    assert not export_path(trained_run, form).exists()


def test_a_model_that_did_not_make_the_predictions_is_damaged(trained_run):
    predictions = trained_run.predictions()
    wrong = np.roll(predictions.probabilities, 1, axis=1)
    np.savez(trained_run.path / "predictions.npz", probabilities=wrong, labels=predictions.labels)
    seal(trained_run.path)
    with pytest.raises(DamagedRun, match=r"model\.tflite does not say what predictions\.npz recorded"):
        export(trained_run, FORMATS["tflite"])


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("model.pb; No space left on device")]
)
def test_a_full_disk_is_a_sentence_and_leaves_nothing(trained_run, monkeypatch, error):
    def write_half(run, path, data):
        path.write_bytes(b"half")
        raise error

    monkeypatch.setitem(verification.CONVERTERS, "onnx", write_half)
    with pytest.raises(StorageError, match="quick.onnx could not be written: the disk is full. Free some space"):
        export(trained_run, FORMATS["onnx"])
    assert left_behind(trained_run, FORMATS["onnx"]) == []


def test_what_a_killed_export_left_is_cleared_away(trained_run):
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
def test_the_shipped_run_loses_nothing_to_speak_of_in_int8(own_home, mnist, monkeypatch):
    monkeypatch.setenv("DIGITS_MNIST", str(mnist))
    result = export(open_run(SHIPPED), FORMATS["tflite-int8"])
    assert result.images == 1000
    assert result.accuracy >= result.run_accuracy - 0.003


@linux
def test_of_exports_asked_for_at_once_one_is_made_at_a_time_in_processes_of_their_own(trained_run):
    tasks = [export_task(trained_run, form) for form in FORMATS.values()]
    with ThreadPoolExecutor(12) as people:
        assert sum(people.map(lambda number: tasks[number % 4].start(), range(12))) == 4
    order = [ticket.path for ticket in tasks[0].queue.tickets()]
    finished, working, processes = [], [], []

    def all_done():
        statuses = {task.path: task.watch() for task in tasks}
        working.append(sum(status is not None and status.state == "running" for status in statuses.values()))
        processes.append(processes_with("digit_core.training", trained_run.name))
        finished.extend(path for path in order if statuses[path] is None and path not in finished)
        return len(finished) == 4

    wait_for(all_done, seconds=240)
    assert max(working) == 1
    assert max(processes) <= 2  # one may end while the next begins
    assert processes.count(2) < 0.1 * len(processes)
    assert finished == order
    assert all(load_export(trained_run, form) for form in FORMATS.values())


def test_a_process_says_why_its_export_failed(trained_run):
    (trained_run.path / "model.keras").write_bytes(b"nonsense")
    seal(trained_run.path)
    task = export_task(trained_run, FORMATS["keras"])
    task.start()
    status = wait_for(lambda: not task.is_active() and task.status())
    assert status.state == "failed"
    assert "model.keras is damaged" in status.message
    assert "Traceback" not in task.log_path.read_text()
