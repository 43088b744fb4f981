"""From a cell of the confusion matrix to its images, to one image's explanation, to the canvas."""

import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from digit_core.runs.run import SHIPPED, open_run
from pages.components.filters import with_article
from scripts.benchmarks.browser_actions import draw, expect_prediction, settled
from tests.browser.actions import until

pytestmark = [pytest.mark.browser, pytest.mark.mnist]

LOOKING = 180_000  # at 60,000 training images with the network; a core may be busy
NAME_OF_FOCUS = """() => {
  let focused = document.activeElement;
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  if (focused === document.body) return '';
  return focused?.getAttribute('aria-label') ?? focused?.querySelector('img')?.alt ?? focused?.innerText ?? '';
}"""
SEVEN = [(60, 60), (190, 60), (120, 220)]


@pytest.fixture(scope="module")
def predictions():
    return open_run(SHIPPED).predictions()


@pytest.fixture(scope="module")
def confused(predictions) -> tuple[int, int, list[int]]:
    """The cell with most mistakes: its true digit, predicted digit and its images' numbers."""
    wrong = np.flatnonzero(predictions.labels != predictions.predicted)
    pairs = predictions.labels[wrong] * 10 + predictions.predicted[wrong]
    true, predicted = divmod(int(np.bincount(pairs).argmax()), 10)
    return true, predicted, [int(index) for index in wrong[pairs == true * 10 + predicted]]


def cell(page: Page, true: int, predicted: int) -> Locator:
    return page.locator(f'[aria-label^="{true} predicted as {predicted}: "]').first


def click_cell(page: Page, true: int, predicted: int, heading: str) -> None:
    """Click a cell and wait for the heading above its images."""
    cell(page, true, predicted).click()
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()


def images_of(true: int, predicted: int) -> str:
    """The heading above the images of a cell."""
    return f"Images of {with_article(true)} predicted as {predicted}"


def shown(page: Page, count: int) -> list[tuple[int, int, int]]:
    """True digit, predicted digit and number of each image in the grid, once there are so many."""
    cards = page.locator("button.card")
    expect(cards).to_have_count(count)
    found = []
    for words in cards.locator("img").evaluate_all("images => images.map(image => image.alt)"):
        index, label, predicted = re.match(r"Test image (\d+): an? (\d), predicted as (\d)", words).groups()
        found.append((int(label), int(predicted), int(index)))
    return found


def test_the_matrix_on_results_leads_to_the_images_of_a_cell(mnist, app, page, confused):
    true, predicted, indices = confused
    page.goto(f"{app}/results?run=shipped")
    click_cell(page, true, predicted, images_of(true, predicted))
    assert sorted(index for *_, index in shown(page, len(indices))) == indices
    page.go_back()
    expect(page.get_by_role("heading", name="Confusion matrix")).to_be_visible()
    expect(cell(page, true, predicted)).to_be_visible()


def test_from_a_cell_to_its_images_to_an_explanation_to_the_canvas(mnist, app, page, predictions, confused):
    true, predicted, indices = confused
    page.goto(app)
    draw(page, SEVEN)
    expect_prediction(page, "7")
    page.get_by_role("link", name="Mistakes", exact=True).click()

    click_cell(page, true, predicted, images_of(true, predicted))
    found = shown(page, len(indices))
    assert {pair[:2] for pair in found} == {(true, predicted)}
    assert sorted(index for *_, index in found) == indices
    expect(page.get_by_role("combobox", name="Actual")).to_have_value(str(true))
    expect(page.get_by_role("combobox", name="Predicted")).to_have_value(str(predicted))

    index = found[0][2]
    page.get_by_role("button", name=f"Test image {index}:").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"No. {index}: {with_article(true)}, predicted as {predicted}")).to_be_visible()
    expect(dialog.get_by_test_id("occlusion-map")).to_be_visible()
    expect(dialog.get_by_text("costs the most: the odds of", exact=False)).to_be_visible()
    expect(dialog.get_by_test_id("neighbour")).to_have_count(5, timeout=LOOKING)
    expect(page).to_have_url(re.compile(rf"true={true}&predicted={predicted}&image={index}"))

    dialog.get_by_role("button", name="Put it on the canvas").dblclick()  # as many people do
    expect(page.get_by_role("heading", name="Draw a digit")).to_be_visible()
    expect(page.get_by_text(f"On the canvas: MNIST test image {index}, {with_article(true)}.")).to_be_visible()
    expect_prediction(page, str(predicted))

    # What is drawn over it is predicted with it, and can be taken back; then the picture itself.
    probabilities = page.locator('[aria-label^="Probabilities."]')
    alone = probabilities.get_attribute("aria-label")
    draw(page, [(20, 20), (260, 20), (260, 260), (20, 260), (20, 20)])
    expect(probabilities).not_to_have_attribute("aria-label", alone)
    page.locator("button", has_text="Undo").click()
    expect(probabilities).to_have_attribute("aria-label", alone)
    page.locator("button", has_text="Undo").click()
    expect(page.get_by_text("The canvas is blank: draw a digit.")).to_be_visible()
    page.get_by_role("button", name="Restore drawing").click()
    expect_prediction(page, "7")

    # The choice is still there.
    page.get_by_role("link", name="Mistakes", exact=True).click()
    assert sorted(index for *_, index in shown(page, len(indices))) == indices


def test_a_second_click_on_the_cell_gives_it_up_and_the_boxes_follow(mnist, app, page, predictions, confused):
    true, predicted, indices = confused
    mistakes = int((predictions.labels != predictions.predicted).sum())
    page.goto(f"{app}/mistakes?run=shipped")
    click_cell(page, true, predicted, images_of(true, predicted))
    shown(page, len(indices))
    page.go_back()  # a step for each choice
    expect(page.get_by_role("heading", name="All digits")).to_be_visible()
    page.go_forward()
    shown(page, len(indices))
    click_cell(page, true, predicted, "All digits")
    shown(page, mistakes)
    expect(page.get_by_role("combobox", name="Actual")).to_have_value("any")
    assert page.url.endswith("/mistakes?run=shipped")
    # By the boxes, then by a click on another cell: whichever came last.
    page.get_by_role("combobox", name="Actual").click()
    page.get_by_role("option", name=str(true), exact=True).click()
    expect(page.get_by_role("heading", name=f"Images of {with_article(true)}", exact=True)).to_be_visible()
    click_cell(page, predicted, predicted, images_of(predicted, predicted))
    right = int(((predictions.labels == predicted) & (predictions.predicted == predicted)).sum())
    expect(page.get_by_text(f"of {right:,} images")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_text(f"of {len(predictions.labels):,} images")).to_be_visible()


def test_a_view_can_be_sent_and_gone_through_by_keyboard(mnist, app, page, confused):
    true, predicted, indices = confused
    page.goto(f"{app}/mistakes?run=shipped&true={true}&predicted={predicted}&sort=index")
    cards = shown(page, len(indices))
    page.locator("button.card").first.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"No. {cards[0][2]}: {with_article(true)}, predicted as {predicted}")).to_be_visible()
    second = dialog.get_by_text(f"No. {cards[1][2]}: {with_article(true)}, predicted as {predicted}")
    until(lambda: page.keyboard.press("ArrowRight"), expect(second).to_be_visible)  # the dialog listens a moment later
    other = page.context.new_page()
    expect(page).to_have_url(re.compile(f"image={cards[1][2]}"))
    other.goto(page.url)
    expect(
        other.get_by_role("dialog").get_by_text(f"No. {cards[1][2]}: {with_article(true)}, predicted as {predicted}")
    ).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page).not_to_have_url(re.compile("image="))
    assert "run=shipped" in page.url


def test_from_the_metrics_to_a_cell_to_an_image_to_the_canvas_by_keyboard_alone(mnist, app, page, confused):
    true, predicted, indices = confused

    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if re.fullmatch(rf"\w*\s*{re.escape(name)}.*", page.evaluate(NAME_OF_FOCUS)):  # an icon is a word before it
                return
        raise AssertionError(f"the Tab key does not lead to {name}")

    page.goto(f"{app}/results?run=shipped&tab=confidence")
    expect(page.get_by_role("slider")).to_be_visible()
    settled(page)
    tab_to("Confidence")
    page.keyboard.press("Home")  # the first tab
    expect(cell(page, true, predicted)).to_be_visible()
    settled(page)
    tab_to("0 predicted as 0")
    for key in ["ArrowDown"] * true + ["ArrowRight"] * predicted:
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    cards = shown(page, len(indices))
    settled(page)
    tab_to(f"Test image {cards[0][2]}:")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"No. {cards[0][2]}:")).to_be_visible()
    page.keyboard.press("ArrowLeft")  # there is none before the first
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_text(f"No. {cards[1][2]}:")).to_be_visible()
    for index in [card[2] for card in cards[2:]]:  # to the last, where the button is disabled
        page.keyboard.press("ArrowRight")
        expect(dialog.get_by_text(f"No. {index}:")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    settled(page)
    tab_to("Test image ")
    page.keyboard.press("Enter")
    expect(dialog.get_by_text("No. ")).to_be_visible()
    expect(dialog.get_by_test_id("occlusion-map")).to_be_visible()
    tab_to("Put it on the canvas")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Draw a digit")).to_be_visible()
    expect(page.get_by_text("On the canvas: MNIST test image")).to_be_visible()


def test_the_matrix_and_the_images_of_a_cell_are_in_one_view(mnist, app, page, confused):
    true, predicted, indices = confused
    page.goto(f"{app}/mistakes?run=shipped")
    click_cell(page, true, predicted, images_of(true, predicted))
    shown(page, len(indices))
    boxes = [element.bounding_box() for element in (cell(page, 0, 0), cell(page, 9, 9), *page.locator(".card").all())]
    assert all(box["y"] >= 0 and box["y"] + box["height"] <= 900 for box in boxes)
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 1280 for box in boxes)
    assert max(boxes[1]["x"] + boxes[1]["width"], 0) < min(box["x"] for box in boxes[2:])


def test_on_a_phone_a_click_scrolls_to_the_images(mnist, app, page, confused):
    true, predicted, indices = confused
    page.set_viewport_size({"width": 400, "height": 850})
    page.goto(f"{app}/mistakes?run=shipped")
    expect(page.locator("button.card").first).not_to_be_in_viewport()
    cell(page, true, predicted).click()
    shown(page, len(indices))
    expect(page.locator("button.card").first).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_why_on_the_draw_page(app, page):
    page.goto(app)
    draw(page, SEVEN)
    expect_prediction(page, "7")
    page.get_by_text("Why this prediction (occlusion map)", exact=True).click()
    expect(page.get_by_test_id("occlusion-map")).to_be_visible()
    expect(page.get_by_text("the odds of 7 against", exact=False).first).to_be_visible()
