"""What another window does changes nothing of what I look at."""

import re
import time

import pytest
from playwright.sync_api import expect

from digit_core.datasets.loading import load_dataset
from digit_core.jobs.background_task import TaskStatus
from digit_core.jobs.tasks import features_task
from digit_core.jobs.trainings import Job
from digit_core.runs.schemas import Progress
from digit_core.storage import paths
from scripts.benchmarks.browser_actions import settled
from tests.constructed import construct_run

pytestmark = pytest.mark.browser

MINE, NEW = "20260101-120000-quick", "20260102-120000-lenet5"


@pytest.fixture
def finish_training(app_home, monkeypatch):
    """A function that makes a run whose training has just finished, in the app's home."""

    def finish(name: str, wrong: dict[int, int]) -> None:
        monkeypatch.setenv("DIGITS_HOME", str(app_home))
        model = (paths.SHIPPED_RUN / "model.tflite").read_bytes()
        data = load_dataset("digits")
        run = construct_run(name, data="digits", labels=data.y_test, wrong=wrong, model=model)
        # The search for nearest images would start a process, and change the dialog when it ends.
        features_task(run, data.digest).write_status(TaskStatus(state="failed", message="Not in this test."))
        message = "Test accuracy 98.00%. Kept, not activated: trained on a smaller data set"
        Job(run.path).write_progress(Progress(state="finished", message=message, updated=time.time()))

    return finish


def test_anothers_training_ends_while_i_look_at_an_image_and_nothing_of_mine_changes(
    app, page, browser, finish_training
):
    finish_training(MINE, {3: 0, 40: 9})
    page.goto(f"{app}/results")
    expect(page).to_have_url(re.compile(rf"/results\?run={MINE}$"))
    page.get_by_role("link", name="Mistakes", exact=True).click()
    expect(page).to_have_url(re.compile(rf"/mistakes\?run={MINE}$"))
    page.goto(f"{page.url}&image=40")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Other runs' predictions")).to_be_visible()
    expect(dialog.get_by_text("There is no other run on this data set yet.")).to_be_visible()
    settled(page)
    before, address = dialog.inner_text(), page.url

    other = browser.new_context(viewport={"width": 1280, "height": 900})
    theirs = other.new_page()
    theirs.goto(f"{app}/runs")
    expect(theirs.get_by_text("Quick, 01 Jan 12:00:00").first).to_be_visible()
    finish_training(NEW, {5: 1})
    sidebar = theirs.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text("LeNet-5, 02 Jan 12:00:00")).to_be_visible()
    sidebar.get_by_role("button", name="Activate it").click()
    expect(theirs.get_by_text("Active model: LeNet-5, 02 Jan 12:00:00")).to_be_visible()
    other.close()

    offer = page.get_by_text("New run finished: LeNet-5, 02 Jan 12:00:00")
    expect(offer).to_be_visible()
    assert (dialog.inner_text(), page.url) == (before, address)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("combobox", name="Run")).to_have_value(re.compile("^Quick, 01 Jan"))
    offer.click()
    expect(page.get_by_role("combobox", name="Run")).to_have_value(re.compile("^LeNet-5, 02 Jan"))


def test_the_run_in_the_address_is_no_step_for_back(app, page):
    page.goto(app)
    expect(page.get_by_role("heading", name="Draw a digit")).to_be_visible()
    page.get_by_role("link", name="Results", exact=True).click()
    expect(page).to_have_url(re.compile(r"/results\?run="))
    settled(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Draw a digit")).to_be_visible()
