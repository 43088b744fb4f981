"""Fixtures of all tests: a home of its own for every test, data, trained runs, MNIST and Chromium."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

# As in the processes that the app starts: with a thread for each core, those of two workers wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import hypothesis
import numpy as np
import pytest
from filelock import FileLock

from digit_core.runs.config import training_config
from digit_core.runs.run import Run
from digit_core.storage import paths
from scripts.benchmarks.chromium import chromium_path
from scripts.benchmarks.drawings import FOUR, SEVEN

hypothesis.settings.register_profile("digit-lab", deadline=None)  # a slow machine does not fail a test
hypothesis.settings.load_profile("digit-lab")


def pytest_collection_modifyitems(items):
    """A test in the browser that fails runs once more: a shared machine can stop for longer than a page waits.

    The report lists each as `RERUN`; one that is listed often has a fault to be found.
    """
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch) -> Path:
    """Keeps tests away from the checkout's own `.digits` and from each other's locks."""
    folder, temporary = tmp_path / "home", tmp_path / "tmp"
    temporary.mkdir()
    # AppTest leaves its script behind as the main module, which later tests' processes would import.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv("DIGITS_HOME", str(folder))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return folder


@pytest.fixture(scope="session")
def synthetic_data(tmp_path_factory) -> Path:
    """A data folder with the synthetic digits and non-digits of `quick`, generated once for all tests that train."""
    from digit_core.training.synthetic.dataset import (
        TRAINING_SEED,
        VALIDATION_SEED,
        load_or_generate,
        load_or_generate_scans,
    )

    def generate(folder: Path) -> None:
        quick = training_config("quick")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DIGITS_HOME", str(folder))
            load_or_generate(quick.synthetic_digits, quick.non_digits, TRAINING_SEED, cursive=False)
            load_or_generate(6000, 0, VALIDATION_SEED, cursive=False)
            load_or_generate_scans(2000, VALIDATION_SEED)

    return _create_once(tmp_path_factory, "synthetic", generate) / "data"


@pytest.fixture
def training_home(own_home, synthetic_data) -> Path:
    """This test's home, with the synthetic digits in it."""
    shutil.copytree(synthetic_data, paths.data_folder())
    return own_home


@pytest.fixture
def no_mnist(monkeypatch) -> None:
    """A machine on which MNIST has not been fetched yet."""
    monkeypatch.delenv("DIGITS_MNIST", raising=False)


@pytest.fixture(scope="session")
def mnist() -> Path:
    """The path of an `mnist.npz` on this machine."""
    named = os.environ.get("DIGITS_MNIST")
    if not named or not Path(named).is_file():
        _skip_or_fail("MNIST is not on this machine; set DIGITS_MNIST to the path of an mnist.npz")
    return Path(named)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium."""
    path = chromium_path()
    if not path:
        _skip_or_fail("there is no Chromium; on Debian: apt install chromium")
    return path


@pytest.fixture
def add_run(own_home):
    """A function that adds a copy of the shipped run to this test's home."""

    def add(name: str) -> Run:
        target = paths.runs_folder() / name
        shutil.copytree(paths.SHIPPED_RUN, target)
        return Run(target)

    return add


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory, synthetic_data) -> Path:
    """The folder of a run trained in seconds on the bundled digits; shared, so tests must not change it."""
    from digit_core.training.figures import draw_run_figures
    from digit_core.training.fit import train

    def fill(folder: Path) -> None:
        folder.mkdir()
        config = training_config("quick", data="digits", epochs=2)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DIGITS_HOME", str(synthetic_data.parent))
            train(config, folder, command="a test", report=lambda progress: None, cancelled=lambda: False)
            draw_run_figures(Run(folder))

    return _create_once(tmp_path_factory, "20260101-000000-quick", fill)


@pytest.fixture
def trained_run(own_home, trained_folder) -> Run:
    """A copy of the run of `trained_folder` in this test's home."""
    return Run(shutil.copytree(trained_folder, paths.runs_folder() / trained_folder.name))


@pytest.fixture
def seven() -> list[np.ndarray]:
    return [stroke.copy() for stroke in SEVEN]


@pytest.fixture
def four() -> list[np.ndarray]:
    return [stroke.copy() for stroke in FOUR]


def _create_once(tmp_path_factory, name: str, create: Callable[[Path], None]) -> Path:
    """A folder created by the first process of a test run that needs it, and shared by all its processes."""
    root = tmp_path_factory.getbasetemp()
    folder = (root.parent if os.environ.get("PYTEST_XDIST_WORKER") else root) / name
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            unfinished = folder.with_name(f"{name}.unfinished")
            create(unfinished)
            unfinished.rename(folder)
    return folder


def _skip_or_fail(reason: str) -> None:
    if os.environ.get("DIGITS_NOTHING_SKIPPED"):
        pytest.fail(f"DIGITS_NOTHING_SKIPPED is set, but {reason}")
    pytest.skip(reason)
