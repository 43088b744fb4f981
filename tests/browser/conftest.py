"""The app, started with the start command and driven in Chromium."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from scripts.benchmarks.chromium import CHROMIUM_OPTIONS
from tests.running_app import RunningApp, run_app

expect.set_options(timeout=30_000)  # milliseconds; the default of five seconds is short on a busy machine of two cores


@pytest.fixture(scope="module")
def app_home(tmp_path_factory) -> Path:
    """The home of the running app, for tests that put something into it."""
    return tmp_path_factory.mktemp("app") / "home"


@pytest.fixture(scope="module")
def running_app(app_home, synthetic_data) -> Iterator[RunningApp]:
    """An app with a home of its own, one for each file of tests."""
    shutil.copytree(synthetic_data, app_home / "data")
    with run_app(app_home.parent) as running:
        yield running


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
