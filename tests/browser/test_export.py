from pathlib import Path

import pytest
from playwright.sync_api import expect

from digit_core.records.home import SHIPPED_RUN
from tests.browser.canvas import downloaded

pytestmark = [pytest.mark.browser, pytest.mark.mnist]

MAKING = 90_000  # milliseconds; a core may be busy


def test_export_the_shipped_run_download_it_and_a_figure(mnist, app, page):
    page.goto(app)
    page.get_by_role("link", name="Results").click()
    exports = page.get_by_role("button", name="Export", exact=False)
    expect(exports).to_have_count(4)
    exports.nth(1).click()  # LiteRT, float
    expect(page.get_by_text("test images are read correctly")).to_be_visible(timeout=MAKING)
    expect(exports).to_have_count(3)
    download = downloaded(page, page.get_by_role("button", name=".tflite"))
    assert download.suggested_filename == "shipped.tflite"
    assert Path(download.path()).read_bytes() == (SHIPPED_RUN / "model.tflite").read_bytes()

    page.get_by_text("Figures", exact=True).click()
    download = downloaded(page, page.get_by_role("button", name="SVG", exact=True))
    assert download.suggested_filename == "shipped-curves.svg"
    assert Path(download.path()).read_bytes() == (SHIPPED_RUN / "figures" / "curves.svg").read_bytes()
