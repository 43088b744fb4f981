"""Draw on the canvas with the mouse, as a person does."""

from playwright.sync_api import Locator, Page, expect


def draw(page: Page, *strokes: list[tuple[float, float]]) -> None:
    """Draw strokes given in canvas pixels."""
    canvas = page.locator("canvas.upper-canvas")
    canvas.wait_for()
    canvas.scroll_into_view_if_needed()
    for stroke in strokes:
        box = canvas.bounding_box()
        (x, y), *rest = stroke
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.down()
        for x, y in rest:
            page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
        page.mouse.up()


def reading(page: Page) -> Locator:
    """The large digit."""
    return page.get_by_test_id("digit")


def expect_reading(page: Page, digit: str) -> None:
    """Wait until that digit is what was read."""
    expect(reading(page)).to_have_text(digit)


def press(page: Page, name: str) -> None:
    """Press Undo or Clear and wait until the canvas shows the drawing without what was taken away."""
    page.locator("button", has_text=name).click()
    # Loading a drawing into the canvas starts a history of its own, with nothing to undo in it.
    expect(page.locator("button.dc-icon-button[title=Undo]")).to_be_disabled()
