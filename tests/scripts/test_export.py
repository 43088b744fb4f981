"""Exporting and shipping from the command line."""

import json

import onnxruntime

from digit_core.runs.run import DATA_FIGURES, REQUIRED
from tests.constructed import refresh_config
from tests.scripts.test_commands import run


def test_export_writes_a_file_that_agrees_and_one_line_of_json(trained_run, tmp_path):
    command = ("scripts/export.py", trained_run.name, "--format", "onnx", "--json", "--out", str(tmp_path / "a.onnx"))
    result = run(*command)
    assert result.returncode == 0, result.stderr
    last = json.loads(result.stdout.splitlines()[-1])
    assert set(last) == {
        "run", "format", "size", "images", "agreement", "logit_difference", "accuracy", "run_accuracy", "seconds",
        "file",
    }  # fmt: skip
    assert last["file"] == str(tmp_path / "a.onnx")
    assert (last["images"], last["agreement"]) == (359, 1.0)
    assert [taken.name for taken in onnxruntime.InferenceSession(last["file"]).get_inputs()] == ["image"]
    # A second time it is there already, and is copied into a folder under its own name.
    again = run(*command[:-1], str(tmp_path))
    assert "Exporting" in result.stderr
    assert "Exporting" not in again.stderr
    assert (tmp_path / f"{trained_run.name}.onnx").stat().st_size == last["size"]


def test_what_cannot_be_exported_is_one_clear_line(trained_run, tmp_path):
    (trained_run.path / "model.keras").write_bytes(b"nonsense")
    refresh_config(trained_run.path)
    (tmp_path / "file").write_text("no folder")
    kept = run("scripts/export.py", trained_run.name, "--format", "tflite")
    assert kept.returncode == 0, kept.stderr
    for options, words in (
        (["nobody", "--format", "onnx"], "no run named 'nobody'"),
        ([trained_run.name, "--format", "pdf"], "no format 'pdf'; choose one of keras, tflite"),
        ([trained_run.name, "--format", "keras"], "model.keras is damaged"),
        ([trained_run.name, "--format", "tflite", "--out", str(tmp_path / "file" / "a")], "a could not be written"),
    ):
        result = run("scripts/export.py", *options)
        assert result.returncode == 1
        assert words in result.stderr.splitlines()[-1]
        assert "Traceback" not in result.stderr
        assert result.stdout == ""


def test_ship_copies_a_run_without_its_datas_images(trained_run, tmp_path):
    assert set(DATA_FIGURES) < set(trained_run.figures())
    result = run("scripts/ship.py", trained_run.name, "--to", str(tmp_path / "shipped"))
    assert result.returncode == 0, result.stderr
    assert {path.name for path in (tmp_path / "shipped").iterdir()} == {*REQUIRED, "figures", "steps.csv"}
    assert not {path.stem for path in (tmp_path / "shipped").rglob("*")} & set(DATA_FIGURES)
    (trained_run.path / "model.tflite").write_bytes(b"nonsense")
    refresh_config(trained_run.path)
    result = run("scripts/ship.py", trained_run.name, "--to", str(tmp_path / "shipped"))
    assert result.returncode == 1
    assert "not a LiteRT model" in result.stderr
