"""The downloads of the Results page, and its sections."""

import csv
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.actions import downloaded, until

pytestmark = pytest.mark.browser

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def per_class(app, page):
    """The page with that section open and its chart drawn."""
    page.goto(f"{app}/results?run=shipped")
    page.get_by_role("tab", name="Per-class metrics").click()
    expect(page.locator(".st-key-chart-shipped-precision-recall svg.marks")).to_be_visible(timeout=30_000)
    return page


def downloaded_by(page, button) -> tuple[str, bytes]:
    expect(button).to_be_enabled(timeout=30_000)
    download = downloaded(page, button)
    return download.suggested_filename, Path(download.path()).read_bytes()


def test_a_chart_is_downloaded_as_png_and_svg_and_a_table_as_csv(per_class):
    name, content = downloaded_by(
        per_class, per_class.get_by_role("button", name="SVG of the chart: Precision-recall curves")
    )
    assert name == "shipped-precision-recall.svg"
    picture = ET.fromstring(content)
    assert picture.tag == f"{_SVG}svg"
    labels = {text.text for text in picture.iter(f"{_SVG}text")}
    assert {"Precision-recall curves", "Recall (%)", "Precision (%)"} <= labels

    name, content = downloaded_by(
        per_class, per_class.get_by_role("button", name="PNG of the chart: Precision-recall curves")
    )
    assert name == "shipped-precision-recall.png"
    image = Image.open(io.BytesIO(content))
    assert image.width == pytest.approx(2 * float(picture.get("width")), abs=2)
    assert image.convert("RGB").getpixel((2, 2)) == (255, 255, 255)  # the page's colour, and not transparent
    assert len(image.convert("RGB").getcolors(1_000_000)) > 20

    name, content = downloaded_by(per_class, per_class.locator(".st-key-csv-shipped-by-digit button"))
    assert name == "shipped-by-digit.csv"
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert [row["digit"] for row in rows] == [str(digit) for digit in range(10)]
    assert 0 < float(rows[0]["f1_low"]) <= float(rows[0]["f1"]) <= float(rows[0]["f1_high"]) <= 1


def test_a_click_on_the_legend_singles_a_digit_out(per_class):
    lines = per_class.locator(".st-key-chart-shipped-precision-recall svg.marks .mark-line path[stroke='#c2508f']")
    other = per_class.locator(".st-key-chart-shipped-precision-recall svg.marks .mark-line path[stroke='#2f76c9']")
    expect(other.first).not_to_have_attribute("opacity", "0.12")
    entry = per_class.locator("svg.marks .role-legend-label text").filter(has_text="3 (")
    until(entry.click, expect(other.first).to_have_attribute, "opacity", "0.12")
    expect(lines.first).not_to_have_attribute("opacity", "0.12")


def test_the_threshold_slider_is_moved_with_the_keyboard_and_the_text_follows(app, page):
    page.goto(f"{app}/results?run=shipped&tab=confidence")
    sentence = page.get_by_text("accuracy of these images")
    expect(sentence).to_be_visible()
    before = sentence.inner_text()
    page.get_by_role("slider").press("ArrowRight")
    expect(sentence).not_to_have_text(before)
    expect(sentence).to_contain_text("Coverage 9")


def test_the_open_tab_is_in_the_address_and_back_leads_to_the_one_before(app, page):
    page.goto(f"{app}/results?run=shipped&tab=settings")
    tab = page.get_by_role("tab", selected=True)
    expect(tab).to_have_text("Settings")
    expect(page.get_by_role("heading", name="Optimisation")).to_be_visible()
    page.get_by_role("tab", name="Figures").click()
    expect(page).to_have_url(re.compile("tab=figures"))
    page.get_by_role("tab", name="Overview").click()
    expect(page).not_to_have_url(re.compile("tab="))
    page.go_back()
    expect(tab).to_have_text("Figures")
    expect(page.get_by_role("combobox", name="Figure")).to_be_visible()
    page.go_back()
    expect(tab).to_have_text("Settings")
