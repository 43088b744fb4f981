"""What a person does with mouse and eyes: draw, click, and click again where nothing came of it."""

from collections.abc import Callable

from playwright.sync_api import Download, Locator, Page, TimeoutError, expect


def settled(page: Page) -> None:
    """Wait until the page's script has run to its end: what is drawn anew while it is clicked misses the click."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def until(act: Callable[[], None], seen: Callable[..., None], *expected: object, patience: int = 8000) -> None:
    """Act until `seen(*expected)` of `expect` holds: once more when nothing came of it in so many milliseconds.

    A chart that is drawn anew shows its marks a moment before it listens to clicks, and a control
    that moves under the mouse takes none: who sees that nothing happened clicks again.
    """
    for _ in range(4):
        act()
        try:
            return seen(*expected, timeout=patience)
        except AssertionError:
            continue
    seen(*expected)


def choose(where: Locator, option: str) -> None:
    """Choose a radio button."""
    until(where.get_by_text(option, exact=True).click, expect(where.get_by_role("radio", name=option)).to_be_checked)


def downloaded(page: Page, button: Locator) -> Download:
    """What comes down at a press of a button; pressed again if being drawn anew took the click."""
    for _ in range(3):
        settled(page)
        try:
            with page.expect_download(timeout=12_000) as download:
                button.click()
            return download.value
        except TimeoutError:
            continue
    raise AssertionError("nothing came down")


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
