import re

import pytest
from playwright.sync_api import expect

from scripts.benchmarks.browser_actions import draw, expect_prediction
from tests.browser.actions import choose_the_bundled_digits

pytestmark = pytest.mark.browser

SEVEN = [(60, 60), (190, 60), (120, 220)]
EPOCH = re.compile(r"Epoch \d+ of")
TRAINING = 300_000  # milliseconds: TensorFlow alone takes some seconds to load


def test_retrain_watch_it_see_the_new_run_and_go_back(app, page):
    page.goto(app)
    draw(page, SEVEN)
    expect_prediction(page, "7")
    sidebar = page.get_by_test_id("stSidebar")
    choose_the_bundled_digits(page, epochs=30)
    sidebar.get_by_role("button", name="Retrain").click()
    expect(sidebar.get_by_role("button", name="Cancel")).to_be_visible()
    expect(sidebar.get_by_role("button", name="Add to the queue")).to_be_visible()
    # A second window is told who is training and sees its progress.
    other = page.context.new_page()
    other.goto(app)
    expect(other.get_by_test_id("stSidebar").get_by_role("button", name="Cancel")).to_be_visible()
    # It goes on while other pages are visited and digits are drawn.
    page.get_by_role("link", name="Results", exact=True).click()
    expect(sidebar.get_by_text(EPOCH)).to_be_visible(timeout=TRAINING)
    expect(sidebar.get_by_text("Loss", exact=True)).to_be_visible()
    page.get_by_role("link", name="Draw", exact=True).click()
    expect_prediction(page, "7")
    expect(sidebar.get_by_text("finished", exact=False)).to_be_visible(timeout=TRAINING)
    expect(sidebar.get_by_text("Kept, not activated", exact=False)).to_be_visible()  # its data set is a smaller one
    sidebar.get_by_role("button", name="Activate it").click()
    expect(sidebar.get_by_text("(scikit-learn digits)")).to_be_visible()
    expect(other.get_by_test_id("stSidebar").get_by_text("finished", exact=False)).to_be_visible()
    expect_prediction(page, "7")  # the drawing is still there, read by the new model
    page.get_by_role("link", name="Results", exact=True).click()
    expect(page.get_by_role("combobox", name="Run")).to_have_value(re.compile("on scikit-learn digits"))
    expect(page.get_by_role("img", name="Loss by step")).to_be_visible()
    page.get_by_role("link", name="Mistakes", exact=True).click()
    expect(page.get_by_text("test images are misclassified", exact=False)).to_be_visible()
    sidebar.get_by_role("button", name="Back to the shipped model").click()
    expect(sidebar.get_by_text("Active model: the shipped model")).to_be_visible()


def test_cancel_a_training(app, page):
    page.goto(app)
    sidebar = page.get_by_test_id("stSidebar")
    reading_before = sidebar.get_by_text("Active model:").inner_text()
    choose_the_bundled_digits(page, epochs=500)
    sidebar.get_by_role("button", name="Retrain").click()
    expect(sidebar.get_by_text(EPOCH)).to_be_visible(timeout=TRAINING)
    expect(sidebar.get_by_role("img", name="Loss by training step")).to_be_visible()
    expect(
        sidebar.get_by_role("spinbutton", name="Epochs")
    ).to_be_visible()  # the form stays open: the next training can be prepared
    page.reload()
    sidebar.get_by_role("button", name="Cancel").click()
    expect(sidebar.get_by_text("was cancelled", exact=False)).to_be_visible()
    expect(sidebar.get_by_role("button", name="Retrain", disabled=False)).to_have_count(1)
    expect(sidebar.get_by_text(reading_before)).to_be_visible()
