"""Whole numbers: drawn on the canvas, and on a photo of two lines."""

import io

import pytest
from playwright.sync_api import expect

from pages.components.reserved import TABLE_ROW
from scripts.benchmarks.browser_actions import draw
from tests.browser.actions import downloaded, until
from tests.browser.photos import photo, strokes

pytestmark = pytest.mark.browser


def test_a_number_drawn_on_the_canvas_is_the_answer(app, page):
    page.goto(app)
    draw(page, *(stroke.tolist() for stroke in strokes("90210", 30, 95, 31)))
    expect(page.get_by_test_id("number")).to_have_text("90210")
    expect(page.get_by_role("button", name="Digit 5: 0")).to_be_visible()


def test_an_open_card_follows_the_selection(app, page):
    page.goto(app)
    draw(page, *(stroke.tolist() for stroke in strokes("90210", 30, 95, 31)))
    page.get_by_role("button", name="Digit 1: 9").click()
    expect(page.get_by_text("Digit 1 of 5")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("Digit 2 of 5")).to_be_visible()
    page.get_by_role("button", name="Next digit").click()
    expect(page.get_by_text("Digit 3 of 5")).to_be_visible()
    page.keyboard.press("ArrowLeft")  # also from that button
    expect(page.get_by_text("Digit 2 of 5")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("Digit 3 of 5")).to_be_visible()
    page.get_by_role("button", name="Digit 3: 2").click()  # a click on the open one closes it
    expect(page.get_by_text("Digit 3 of 5")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Digit 4: 1")).to_be_focused()
    expect(page.get_by_text("Digit 4 of 5")).to_be_hidden()


def test_two_lines_of_a_turned_photo_are_recognised_and_a_box_is_corrected(app, page):
    file = io.BytesIO()
    photo(["90210", "47386"]).save(file, "JPEG")
    page.goto(f"{app}/?tab=upload")
    page.locator("input[type=file]").set_input_files(
        {"name": "sheet.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}
    )
    number = page.get_by_test_id("number")
    expect(number).to_have_text("90210\n47386", use_inner_text=True)
    box = page.get_by_role("button", name="Line 2, digit 3")
    until(lambda: box.press("8"), expect(number).to_have_text, "90210\n47886")
    expect(box).to_have_attribute("aria-label", "Line 2, digit 3: corrected to 8, predicted 3")
    table = (
        downloaded(page, page.get_by_test_id("stDownloadButton").get_by_role("button")).path().read_text().splitlines()
    )
    assert [row.split(",")[2].strip('"=') for row in table[1:]] == ["90210", "47886"], table
    until(lambda: box.press("Escape"), expect(number).to_have_text, "90210\n47386")


def test_a_row_of_the_table_opens_its_picture_which_stays_while_another_page_is_opened(app, page):
    page.goto(f"{app}/?tab=upload")
    files = []
    for name, text in (("first.jpg", "90210"), ("second.jpg", "47386")):
        file = io.BytesIO()
        photo([text]).save(file, "JPEG")
        files.append({"name": name, "mimeType": "image/jpeg", "buffer": file.getvalue()})
    page.locator("input[type=file]").set_input_files(files)
    number = page.get_by_test_id("number")
    expect(number).to_have_text("90210")
    table = page.get_by_test_id("stDataFrame")
    until(lambda: table.click(position={"x": 15, "y": 2 * TABLE_ROW + 17}), expect(number).to_have_text, "47386")
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("heading", name="Runs", level=1)).to_be_visible()
    page.go_back()
    expect(page.get_by_text("2 pictures from before you opened another page.")).to_be_visible()
    expect(number).to_have_text("90210")
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(number).to_be_hidden()
