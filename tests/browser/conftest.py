"""The app, started with the start command and driven in Chromium."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from digit_core.storage import paths
from scripts.benchmarks.chromium import CHROMIUM_OPTIONS, free_port

expect.set_options(timeout=30_000)  # milliseconds; the default of five seconds is short on a busy machine of two cores


@dataclass(frozen=True)
class RunningApp:
    address: str
    process: int


@pytest.fixture(scope="module")
def app_home(tmp_path_factory) -> Path:
    """The home of the running app, for tests that put something into it."""
    return tmp_path_factory.mktemp("app") / "home"


@pytest.fixture(scope="module")
def running_app(app_home, synthetic_data) -> Iterator[RunningApp]:
    """An app with a home of its own, one for each file of tests."""
    folder = app_home.parent
    shutil.copytree(synthetic_data, app_home / "data")
    (folder / "tmp").mkdir()
    port = free_port()
    environment = {**os.environ, "DIGITS_HOME": str(app_home), "TMPDIR": str(folder / "tmp")}
    command = [sys.executable, "scripts/start.py", "--", "--server.port", str(port), "--server.headless", "true"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=paths.PROJECT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://localhost:{port}"
    try:
        _wait_until_up(address, process, folder / "log")
        yield RunningApp(address, process.pid)
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def app(running_app) -> str:
    """The address of the running app."""
    return running_app.address


@pytest.fixture(scope="session")
def browser(chromium):
    """One Chromium for all tests."""
    with sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_OPTIONS))
        yield instance
        instance.close()


@pytest.fixture
def page(browser) -> Page:
    """A new window; an element that does not appear within 30 s fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    context.add_init_script("localStorage.setItem('digit-lab-tour', 'seen')")  # the tour has a test of its own
    yield context.new_page()
    context.close()


def _wait_until_up(address: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)  # there is no other way to learn that a server is up
    raise AssertionError(f"the app did not start within a minute: {log.read_text()}")
