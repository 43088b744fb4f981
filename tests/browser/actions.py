"""A user's actions in the browser: click, and click again if nothing happened."""

from collections.abc import Callable

from playwright.sync_api import Download, Locator, Page, TimeoutError, expect

from scripts.benchmarks.browser_actions import settled

# Every page: its address and its heading.
PAGES = (
    ("", "Draw a digit"),
    ("results", "Results"),
    ("mistakes", "Mistakes"),
    ("my_drawings", "My drawings"),
    ("compare", "Compare"),
    ("runs", "Runs"),
    ("training", "Training"),
    ("join", "Join"),
)


def until(act: Callable[[], None], seen: Callable[..., None], *expected: object, patience: int = 8000) -> None:
    """Act until the assertion `seen(*expected)` holds; once more whenever it fails for `patience` milliseconds.

    A chart that is redrawn shows its marks a moment before it listens to clicks, and a control
    that moves under the mouse misses them: a user who sees that nothing happened clicks again.
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


def choose_the_bundled_digits(page: Page, epochs: int) -> None:
    """Open the training settings, and choose `quick` on the bundled digits for so many epochs."""
    sidebar = page.get_by_test_id("stSidebar")
    settled(page)
    sidebar.get_by_text("Training settings").click()
    choose(sidebar, "scikit-learn digits")
    expect(sidebar.get_by_text("Quick on scikit-learn digits, 20 epochs")).to_be_visible()
    field = sidebar.get_by_role("spinbutton", name="Epochs")  # the help beside it has the label too
    expect(field).to_have_count(1)  # MNIST's own goes a moment later
    expect(field).to_have_value("20")
    field.fill(str(epochs))
    field.press("Enter")
    expect(sidebar.get_by_text(f"Quick on scikit-learn digits, {epochs} epochs")).to_be_visible()


def expect_strokes(page: Page, count: int) -> None:
    """Wait until the tab has stored so many strokes: a prediction can be there before the pen is lifted."""
    page.wait_for_function(
        "count => JSON.parse(sessionStorage.getItem('digit-lab-canvas') ?? '{}').objects?.length === count", arg=count
    )


def downloaded(page: Page, button: Locator) -> Download:
    """Press a download button, again if it was redrawn meanwhile, and return the download."""
    for _ in range(3):
        settled(page)
        try:
            with page.expect_download(timeout=12_000) as download:
                button.click()
            return download.value
        except TimeoutError:
            continue
    raise AssertionError("no download started")


def press(page: Page, name: str) -> None:
    """Press Undo or Clear and wait until the canvas shows the result."""
    page.locator("button", has_text=name).click()
    # A drawing that is loaded into the canvas starts a new history, with nothing to undo in it.
    expect(page.locator("button.dc-icon-button[title=Undo]")).to_be_disabled()
