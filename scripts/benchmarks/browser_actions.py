"""What benchmarks and browser tests do in the app: draw, and wait for the prediction."""

from playwright.sync_api import Locator, Page, expect


def settled(page: Page) -> None:
    """Wait until the page's script has finished: an element that is redrawn while it is clicked misses the click."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def draw(page: Page, *strokes: list[tuple[float, float]]) -> None:
    """Draw strokes given in pixels of a canvas of 280 pixels a side, whatever its size on screen."""
    canvas = page.locator("canvas.upper-canvas")
    canvas.wait_for()
    canvas.scroll_into_view_if_needed()
    for stroke in strokes:
        box = canvas.bounding_box()
        scale = box["width"] / 280
        (x, y), *rest = stroke
        page.mouse.move(box["x"] + x * scale, box["y"] + y * scale)
        page.mouse.down()
        for x, y in rest:
            page.mouse.move(box["x"] + x * scale, box["y"] + y * scale, steps=4)
        page.mouse.up()


def predicted_digit(page: Page) -> Locator:
    """The large digit."""
    return page.get_by_test_id("digit")


def expect_prediction(page: Page, digit: str) -> None:
    """Wait until that digit is predicted."""
    expect(predicted_digit(page)).to_have_text(digit)
