"""Which libraries the running app loads."""

import re
from pathlib import Path

import pytest

from scripts.benchmarks.app_benchmark import FIRST_CONTENT
from scripts.benchmarks.browser_actions import draw, expect_prediction, settled
from scripts.benchmarks.processes import maps_tensorflow
from tests.processes import linux

pytestmark = pytest.mark.browser


@linux
def test_the_running_app_maps_no_tensorflow(page, running_app, mnist):
    page.goto(running_app.address)
    draw(page, [(60, 60), (190, 60), (120, 220)])
    expect_prediction(page, "7")
    for name, content in FIRST_CONTENT.items():
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
        page.locator("h1", has_text=name).wait_for()
        page.locator(content).first.wait_for()
        settled(page)
    assert re.search("litert", Path(f"/proc/{running_app.process}/maps").read_text())  # it is the app's process
    assert not maps_tensorflow(running_app.process)
