"""The commands as users type them."""

import contextlib
import json
import re
import shlex
import socket
import subprocess
import sys
import urllib.request

import numpy as np
import pytest
from PIL import Image

from digit_core.runs.active_run import read_active
from digit_core.runs.presets import PRESETS
from digit_core.runs.run import SHIPPED
from digit_core.storage import paths
from scripts.benchmarks.chromium import free_port
from scripts.benchmarks.drawings import paint
from tests.waiting import wait_for

README = (paths.PROJECT / "README.md").read_text(encoding="utf-8")


def run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *command], cwd=paths.PROJECT, capture_output=True, text=True, encoding="utf-8", timeout=300
    )


def test_train_prints_metrics_and_one_line_of_json(training_home):
    result = run("scripts/train.py", "--preset", "quick", "--data", "digits", "--epochs", "3", "--no-serve", "--json")
    assert result.returncode == 0, result.stderr
    last = json.loads(result.stdout.splitlines()[-1])
    assert set(last) == {
        "run", "preset", "seed", "epochs", "training_seconds", "accuracy", "loss", "precision", "recall", "f1"
    }  # fmt: skip
    assert last["epochs"] == 3
    assert f"run: {paths.runs_folder() / last['run']}" in result.stdout
    assert read_active().run == SHIPPED


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--preset", "huge"], "no preset 'huge'; choose one of quick"),
        (["--epochs", "0"], "epochs should be from 1 to 500, got 0"),
        (["--data", "cifar"], "data should be 'mnist' or 'digits'"),
        (["--preset", "custom", "--filters", "8", "--kernel-sizes", "40"], "kernel_sizes, number 1 should be less"),
        (["--preset", "custom", "--filters", "8,a"], "filters should be whole numbers with commas"),
        (["--filters", "8"], "filters can be set for the preset custom only"),
        (["--resume", "nobody", "--epochs", "3"], "uses the training's own settings; leave out --epochs"),
        (["--resume", "nobody", "--precision", "float32"], "leave out --compute-dtype"),  # its former spelling
        (["--drawings", "mine.npz"], "--drawings takes --base"),
        (["--base", "shipped", "--drawings", "mine.npz", "--epochs", "2"], "leave out --epochs"),
        (["--base", "shipped", "--preset", "tiny"], "leave out --preset"),
        (["--teachers", "shipped"], "--teachers takes --base"),
        (["--base", "shipped", "--teachers", "shipped,nobody"], "no run named 'nobody'"),
        (["--base", "nobody"], "no run named 'nobody'"),
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
    stored = json.loads((paths.SHIPPED_RUN / "metrics.json").read_text())
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


def readme_command(script: str) -> list[str]:
    """The indented line of the README that starts with this script, in this interpreter."""
    (line,) = re.findall(rf"^    python3 (scripts/{script}.*)$", README, re.MULTILINE)
    return [sys.executable, *shlex.split(line)]


@pytest.fixture
def taken():
    """A socket that listens on some port of this machine."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


def test_the_readmes_start_command_as_written_opens_the_app(monkeypatch):
    address = f"http://127.0.0.1:{(port := free_port())}/_stcore/health"
    monkeypatch.setenv("STREAMLIT_SERVER_PORT", str(port))
    monkeypatch.setenv("STREAMLIT_SERVER_HEADLESS", "true")

    def healthy() -> bool:
        assert app.poll() is None, app.communicate()[0]
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.read() == b"ok"
        except OSError:
            return False

    command = readme_command("start.py")
    app = subprocess.Popen(command, cwd=paths.PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with app:
        try:
            assert wait_for(healthy)
        finally:
            app.kill()  # Streamlit may overlook a polite signal that comes while it starts


def test_the_readmes_test_command_as_written_runs_the_checks(monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only tests/scripts/test_commands.py")  # else it would run itself
    result = subprocess.run(readme_command("test.py"), cwd=paths.PROJECT, capture_output=True, text=True, timeout=300)
    assert "test_the_readmes_test_command_as_written_runs_the_checks" in result.stdout, result.stderr
    assert {line for line in result.stdout.splitlines() if line.startswith("== ")} == {
        "== lint", "== format", "== import contracts", "== tests"
    }  # fmt: skip


@pytest.mark.parametrize("options", [["--server.port", "{}"], ["--server.port=1", "--server.port={}"], []])
def test_a_port_in_use_is_one_clear_line(options, taken, monkeypatch):
    port = taken.getsockname()[1]
    monkeypatch.setenv("STREAMLIT_SERVER_PORT", "1" if options else str(port))
    result = run("scripts/start.py", "--", *(option.format(port) for option in options))
    assert result.returncode == 1
    assert result.stderr == (
        f"Port {port} is in use: is the app running already? Or choose another: -- --server.port {port + 1}\n"
    )


def test_without_options_streamlits_own_port_in_use_is_one_clear_line(monkeypatch):
    monkeypatch.delenv("STREAMLIT_SERVER_PORT", raising=False)
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # then another program listens there
            listening.bind(("127.0.0.1", 8501))
            listening.listen()
        result = run("scripts/start.py")
    assert result.returncode == 1
    assert "Port 8501 is in use" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_readme_names_every_preset_page_and_file_of_a_run():
    for preset in PRESETS:
        assert f"`{preset}`" in README
    for page in sorted((paths.PROJECT / "pages").glob("[a-z]*.py")):
        title = page.stem.replace("_", " ").capitalize()
        assert f"**{title}**" in README
    for path in paths.SHIPPED_RUN.iterdir():
        assert f"`{path.name}" in README


def test_every_command_and_option_in_the_documents_exists():
    helps = {}
    documents = README + (paths.PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = re.findall(r"python3 (scripts/\w+\.py)([^\n`]*)", documents)
    assert {script for script, _ in found} >= {"scripts/start.py", "scripts/test.py", "scripts/train.py"}
    for script, rest in found:
        if script not in helps:
            helps[script] = run(script, "--help").stdout
        for option in re.findall(r"(?<!\S)--[a-z-]+", rest.split(" -- ")[0]):
            assert option in helps[script], f"{script} has no {option}"


def test_nothing_of_mnist_is_in_the_repository():
    for path in paths.SHIPPED_RUN.rglob("*.npz"):
        with np.load(path) as file:
            assert {name: file[name].shape[1:] for name in file} == {"probabilities": (10,), "labels": ()}
