"""Two runs on the bundled digits beside each other, as a person uses the page."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from digit_core.datasets.loading import load_dataset
from tests.browser.actions import downloaded, until
from tests.constructed import construct_run

pytestmark = pytest.mark.browser

A, B, C = "20260103-000000-quick", "20260102-000000-lenet5", "20260101-000000-quick"


@pytest.fixture(scope="module")
def three_runs(app_home) -> None:
    """A alone is right on 3 images, B alone on 1; C is trained as A, with another seed."""
    digits, before = load_dataset("digits"), os.environ.get("DIGITS_HOME")
    options = {"labels": digits.y_test, "data": "digits", "digest": digits.digest}
    wrong = {index: int(digits.y_test[index] + 1) % 10 for index in range(9)}
    os.environ["DIGITS_HOME"] = str(app_home)
    construct_run(A, wrong={0: wrong[0], 1: wrong[1]}, **options)
    construct_run(B, "lenet5", wrong={index: wrong[index] for index in (1, 3, 4, 5)}, **options)
    construct_run(C, seed=1, **options)
    os.environ.pop("DIGITS_HOME") if before is None else os.environ.update(DIGITS_HOME=before)


def test_see_where_two_runs_disagree_group_seeds_and_download_the_table(app, three_runs, page):
    page.goto(f"{app}/compare?runs={A},{B},{C},nobody")
    expect(page.get_by_text("There is no run named nobody")).to_be_visible()
    expect(page.get_by_text("A alone is correct on 3 images, B alone on 1")).to_be_visible()
    pictures = page.locator("button.card")
    expect(pictures).to_have_count(4)
    expect(page.locator("button.card img").first).to_have_attribute(
        "alt", "Test image 0, a 5, predicted as 6 by A, predicted as 5 by B"
    )
    pictures.nth(1).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("2 of 4 in this view")).to_be_visible()
    third = dialog.get_by_text("3 of 4 in this view")
    until(lambda: page.keyboard.press("ArrowRight"), expect(third).to_be_visible)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_test_id("stMain").get_by_text("Group seeds").click()
    expect(page.get_by_role("list", name="Runs in the charts").get_by_role("listitem")).to_have_text(
        ["Quick, 2 seeds", "LeNet-5, 02 Jan 00:00:00"]
    )
    expect(page.get_by_text("the 95% interval of the mean by Student's t")).to_be_visible()
    download = downloaded(page, page.get_by_test_id("stMain").get_by_role("button", name="CSV", exact=True))
    heading, first, *_ = Path(download.path()).read_text().splitlines()
    assert heading.startswith("run,name,seeds,preset,data,accuracy,accuracy_low,accuracy_high")
    assert first.startswith(f'"Quick, 2 seeds",{A} {C},2,Quick,scikit-learn digits,')
