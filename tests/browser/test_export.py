from pathlib import Path

import pytest
from playwright.sync_api import expect

from digit_core.storage.paths import SHIPPED_RUN
from tests.browser.actions import downloaded

pytestmark = [pytest.mark.browser, pytest.mark.mnist]

EXPORTING = 90_000  # milliseconds; a core may be busy


def test_export_the_shipped_run_download_it_and_a_figure(mnist, app, page):
    page.goto(app)
    page.get_by_role("link", name="Results", exact=True).click()
    page.get_by_role("tab", name="Export").click()
    exports = page.get_by_role("button", name="Export", exact=False)
    expect(exports).to_have_count(4)
    exports.nth(1).click()  # LiteRT, float
    expect(page.get_by_text("agreement with the run")).to_be_visible(timeout=EXPORTING)
    expect(exports).to_have_count(3)
    download = downloaded(page, page.get_by_role("button", name=".tflite"))
    assert download.suggested_filename == "shipped.tflite"
    assert Path(download.path()).read_bytes() == (SHIPPED_RUN / "model.tflite").read_bytes()

    page.get_by_role("tab", name="Figures").click()
    download = downloaded(page, page.get_by_role("button", name="SVG", exact=True))
    assert download.suggested_filename == "shipped-curves.svg"
    assert Path(download.path()).read_bytes() == (SHIPPED_RUN / "figures" / "curves.svg").read_bytes()


def test_of_two_exports_one_waits_and_either_can_be_cancelled(mnist, app, page):
    page.goto(f"{app}/results?run=shipped&tab=export")
    page.get_by_role("button", name="Export", exact=True).last.click()  # ONNX
    expect(page.get_by_role("button", name="Cancel")).to_have_count(1)
    page.get_by_role("button", name="Export", exact=True).last.click()  # int8
    expect(page.get_by_text("In the queue, 1 ahead")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(2)
    page.get_by_role("button", name="Cancel").last.click()  # ONNX, which is at work
    expect(page.get_by_role("button", name="Cancel")).to_have_count(1)
    expect(page.get_by_text("In the queue")).to_have_count(0)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    expect(page.get_by_role("button", name="Exporting")).to_have_count(0)
