"""The commands as a person types them."""

import json
import re
import socket
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from digit_core.records import home
from digit_core.records.presets import PRESETS
from digit_core.records.runs import SHIPPED
from digit_core.records.served import served
from tests.drawings import paint

README = (home.PROJECT / "README.md").read_text(encoding="utf-8")


def run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *command], cwd=home.PROJECT, capture_output=True, text=True, encoding="utf-8", timeout=300
    )


def test_train_prints_metrics_and_one_line_of_json(home_to_train_in):
    result = run("scripts/train.py", "--preset", "quick", "--data", "digits", "--epochs", "3", "--no-serve", "--json")
    assert result.returncode == 0, result.stderr
    last = json.loads(result.stdout.splitlines()[-1])
    assert set(last) == {
        "run", "preset", "seed", "epochs", "training_seconds", "accuracy", "loss", "precision", "recall", "f1"
    }  # fmt: skip
    assert last["epochs"] == 3
    assert f"run: {home.runs_folder() / last['run']}" in result.stdout
    assert served().run == SHIPPED


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--preset", "huge"], "no preset 'huge'; choose one of quick"),
        (["--epochs", "0"], "epochs should be greater than or equal to 1, got 0"),
        (["--data", "cifar"], "data should be 'mnist' or 'digits'"),
        (["--preset", "custom", "--filters", "8", "--kernel-sizes", "40"], "kernel_sizes, number 1 should be less"),
        (["--preset", "custom", "--filters", "8,a"], "filters should be whole numbers with commas"),
        (["--filters", "8"], "filters can be set for the preset custom only"),
        (["--resume", "nobody", "--epochs", "3"], "settings that the training had; leave out --epochs"),
        (["--resume", "nobody"], "no training named 'nobody' that was stopped"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(options, words):
    result = run("scripts/train.py", *options)
    assert result.returncode == 1
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_an_unknown_run_is_one_clear_line():
    result = run("scripts/evaluate.py", "nobody")
    assert result.returncode == 1
    assert "no run named 'nobody'" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_list_of_runs_names_the_damaged_ones(add_run):
    add_run("20260101-120000-quick")
    (add_run("20260201-120000-quick").path / "metrics.json").unlink()
    listed = run("scripts/evaluate.py", "--list").stdout
    assert re.search(r"^\* shipped", listed, re.MULTILINE)
    assert re.search(r"^! 20260201-120000-quick +damaged: .*metrics.json", listed, re.MULTILINE)
    assert "  20260101-120000-quick" in listed


def test_the_shipped_run_evaluates_to_its_own_figures(mnist):
    result = run("scripts/evaluate.py", "shipped", "--json")
    found = json.loads(result.stdout.splitlines()[-1])
    stored = json.loads((home.SHIPPED_RUN / "metrics.json").read_text())
    assert found["accuracy"] == stored["accuracy"]
    assert found["loss"] == pytest.approx(stored["loss"], abs=1e-4)


def test_predict_reads_pictures_and_tells_those_it_cannot(tmp_path, seven):
    Image.fromarray(255 - paint(seven)).save(tmp_path / "seven.png")
    Image.fromarray(np.full((50, 50), 255, np.uint8)).save(tmp_path / "blank.png")
    (tmp_path / "text.png").write_text("no picture")
    names = [str(tmp_path / name) for name in ("seven.png", "blank.png", "text.png", "gone.png")]
    result = run("scripts/predict.py", "--json", *names)
    assert result.returncode == 1
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert answers[0]["text"] == "7"
    assert 0 <= answers[0]["digits"][0]["confidence"] <= 1
    assert [sorted(answer) for answer in answers[1:]] == [["error", "picture"]] * 3
    assert "Traceback" not in result.stderr
    plain = run("scripts/predict.py", names[0])
    assert plain.returncode == 0
    assert "seven.png: 7" in plain.stdout


def test_a_port_in_use_is_one_clear_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("scripts/start.py", "--", "--server.port", str(port))
    assert result.returncode == 1
    assert f"Port {port} is in use" in result.stderr


def test_the_readme_names_every_preset_page_and_file_of_a_run():
    for preset in PRESETS:
        assert f"`{preset}`" in README
    for page in sorted((home.PROJECT / "pages").glob("[a-z]*.py")):
        assert f"**{page.stem.capitalize()}**" in README
    for path in home.SHIPPED_RUN.iterdir():
        assert f"`{path.name}" in README


def test_every_command_and_option_in_the_readme_exists():
    helps = {}
    found = re.findall(r"python3 (scripts/\w+\.py)([^\n`]*)", README)
    assert {script for script, _ in found} >= {"scripts/start.py", "scripts/test.py", "scripts/train.py"}
    for script, rest in found:
        if script not in helps:
            helps[script] = run(script, "--help").stdout
        for option in re.findall(r"(?<!\S)--[a-z-]+", rest.split(" -- ")[0]):
            assert option in helps[script], f"{script} has no {option}"


def test_nothing_of_mnist_is_in_the_repository():
    for path in home.SHIPPED_RUN.rglob("*.npz"):
        with np.load(path) as file:
            assert {name: file[name].shape[1:] for name in file} == {"probabilities": (10,), "labels": ()}
