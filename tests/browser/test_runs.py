"""Many runs in the browser: select, name, compare, download, delete."""

import os
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from digit_core.runs.run import SHIPPED, open_run
from digit_core.runs.zip_archive import write_archive
from digit_core.storage import paths
from scripts.benchmarks.browser_actions import settled
from tests.browser.actions import downloaded, until
from tests.constructed import construct_runs

pytestmark = pytest.mark.browser

_ARROWS = {"ascending": "↑", "descending": "↓"}
NEWEST = "Robust, 01 Jan 07:00:00"


@pytest.fixture(scope="module")
def runs_folder(app_home) -> Path:
    """Eight runs of four presets in the app's home."""
    before = os.environ.get("DIGITS_HOME")
    os.environ["DIGITS_HOME"] = str(app_home)
    construct_runs(8, model=(paths.SHIPPED_RUN / "model.tflite").read_bytes())
    os.environ.pop("DIGITS_HOME") if before is None else os.environ.update(DIGITS_HOME=before)
    return app_home / "runs"


def click_table(page: Page, x: int, row: int) -> None:
    """A click so many pixels from the left edge, in a row of the table or, -1, its head."""
    grid = page.get_by_test_id("stDataFrame").get_by_test_id("data-grid-canvas")
    grid.wait_for()
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    page.mouse.click(box["x"] + x, box["y"] + 35 * (row + 1) + 17)  # what lies over the canvas takes the click


def select_row(page: Page, row: int, then: str) -> None:
    """Tick the box of a row, the first being 0; the page says `then` what is selected."""
    until(lambda: click_table(page, 18, row), expect(selected(page)).to_have_text, then)
    settled(page)  # until then the buttons for the former selection are there too


def selected(page: Page) -> Locator:
    """What the page says is selected."""
    return page.get_by_test_id("stMain").get_by_test_id("stMarkdown").locator("strong").first


def button(page: Page, name: str) -> Locator:
    return page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True)


def test_select_name_and_compare_two_runs(app, runs_folder, page):
    page.goto(f"{app}/runs")
    expect(page.get_by_text("Select rows at the left edge")).to_be_visible()
    select_row(page, 0, NEWEST)
    button(page, "Edit").click()
    dialog = page.get_by_role("dialog")
    name = "my *first* :rocket: www.example.com"
    dialog.get_by_role("textbox", name="Name", exact=True).fill(name)
    dialog.get_by_role("textbox", name="Note", exact=True).fill("<b>for the class</b>")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    # Nothing of it is taken for Markdown; the word joiners that see to that take no room.
    expect(selected(page)).to_have_text(re.compile("\u2060?".join(map(re.escape, name))))
    expect(selected(page).get_by_role("link")).to_have_count(0)
    expect(page.get_by_test_id("stText")).to_have_text("<b>for the class</b>")
    select_row(page, 1, "2 runs")
    button(page, "Compare").click()
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(1)
    expect(page.get_by_role("list", name="Runs in the charts").get_by_text("my *first*")).to_be_visible()
    assert page.url.endswith("/compare?runs=20260101-070000-robust%2C20260101-060000-lenet5")
    expect(page.get_by_text("By chance, equally good runs differ")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Runs", exact=True).click()
    expect(page.get_by_text("Select rows at the left edge")).to_be_visible()


def test_a_selection_in_the_address_is_restored_and_downloaded(app, runs_folder, page):
    name = "20260101-050000-two-block"
    page.goto(f"{app}/runs?runs={name}")
    expect(selected(page)).to_have_text("Two blocks, 01 Jan 05:00:00")
    download = downloaded(page, button(page, "Download"))
    assert download.suggested_filename == f"{name}.zip"
    with zipfile.ZipFile(download.path()) as archive:
        assert archive.read(f"{name}/config.json") == (runs_folder / name / "config.json").read_bytes()


def test_in_a_sorted_table_the_run_that_was_clicked_is_selected(app, runs_folder, page):
    page.goto(f"{app}/runs")
    head = page.get_by_test_id("stDataFrame").locator("th").filter(has_text="Accuracy")
    for direction in ("ascending", "descending"):
        until(lambda: click_table(page, 300, -1), expect(head).to_have_text, re.compile(_ARROWS[direction]))
    select_row(page, 0, "The shipped model")


def test_a_double_click_leads_to_the_results_once(app, runs_folder, page):
    name = "20260101-050000-two-block"
    page.goto(f"{app}/runs?runs={name}")
    settled(page)
    button(page, "Results").dblclick(delay=100)
    expect(page.get_by_role("heading", name="Results", exact=True)).to_be_visible()
    expect(page.get_by_role("combobox", name="Run")).to_have_value(re.compile("Two blocks"))
    settled(page)
    assert page.url.endswith(f"/results?run={name}")


def test_delete_asks_first_and_the_active_run_stays(app, runs_folder, page):
    unused, active = "20260101-000000-quick", "20260101-010000-two-block"
    page.goto(f"{app}/runs?runs={active}")
    button(page, "Make active").click()
    expect(page.get_by_text("Two blocks, 01 Jan 01:00:00 is now the active model.")).to_be_visible()
    page.goto(f"{app}/runs?runs={unused},{active}")
    button(page, "Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Two blocks, 01 Jan 01:00:00 cannot be deleted: ")).to_be_visible()
    dialog.get_by_role("button", name="Keep").click()
    expect(dialog).to_have_count(0)
    assert (runs_folder / unused).is_dir()
    button(page, "Delete").click()
    dialog.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("Quick, 01 Jan 00:00:00 was deleted.")).to_be_visible()
    expect(page.get_by_text("Select rows at the left edge")).to_be_visible()
    assert not (runs_folder / unused).exists()
    assert (runs_folder / active).is_dir()


def test_a_dialog_that_was_closed_stays_closed(app, runs_folder, page):
    page.goto(f"{app}/runs?runs=shipped")
    button(page, "Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("cannot be deleted: it comes with the project")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    select_row(page, 0, "2 runs")
    expect(dialog).to_have_count(0)


def test_a_damaged_run_can_be_deleted_where_it_is_listed(app, runs_folder, page):
    damaged = runs_folder / "20260201-000000-quick"
    shutil.copytree(paths.SHIPPED_RUN, damaged)
    (damaged / "metrics.json").write_text("{")
    page.goto(f"{app}/runs")
    expect(page.get_by_text("metrics.json cannot be read")).to_be_visible()
    button(page, "Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("20260201-000000-quick was deleted.")).to_be_visible()
    assert not damaged.exists()


@pytest.mark.parametrize(("name", "answer"), [("broken.zip", "incomplete"), ("run.zip", "was imported")])
def test_a_double_click_on_import_gets_the_answer_of_the_first(app, page, tmp_path, name, answer):
    (tmp_path / "broken.zip").write_bytes(b"PK\3\4 is not all of it")
    with (tmp_path / "run.zip").open("wb") as file:
        write_archive([open_run(SHIPPED)], file)
    page.goto(f"{app}/runs")
    button(page, "Import run").click()
    page.locator("input[type=file][accept*=zip]").set_input_files(tmp_path / name)
    expect(page.get_by_text(name)).to_be_visible()
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").dblclick()
    expect(page.get_by_text(answer).first).to_be_visible()
    settled(page)
    expect(page.get_by_text("Choose a zip file")).to_have_count(0)
    expect(page.get_by_text(answer).first).to_be_visible()
