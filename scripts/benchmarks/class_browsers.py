"""Students in real browsers, beside the simulated ones: they draw, and open other pages."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Error, Page

from scripts.benchmarks.app_benchmark import FIRST_CONTENT, visit, watch_lift
from scripts.benchmarks.browser_actions import draw, predicted_digit
from scripts.benchmarks.simulated_class import LIFTS_BETWEEN_PAGES

_PATIENCE = 30_000  # milliseconds, after which a browser counts an error
_STROKES = 10  # before the canvas is cleared: on a full one a stroke changes nothing


@dataclass
class Seen:
    """Seconds that people at browsers waited for predictions and for other pages, and what failed."""

    lifts: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def use_browsers(
    browser: Browser, address: str, count: int, pause: float, names: Sequence[str], is_over: Callable[[], bool]
) -> Seen:
    """Let so many people draw every `pause` seconds until it `is_over`; they open pages of these names, too."""
    seen = Seen()
    windows = [_open(browser, address) for _ in range(count)]
    turn = 0
    while not is_over():
        started = time.perf_counter()
        for number, page in enumerate(windows):
            try:
                _act(page, turn, number, names, seen)
            except Error as error:
                seen.errors.append(str(error).splitlines()[0])
                page.goto(address)
            if shown := page.get_by_test_id("stException").count():
                seen.errors.append(f"{shown} exceptions shown")
        turn += 1
        time.sleep(max(min(pause, 1.0) if not windows else pause - (time.perf_counter() - started), 0))
    for page in windows:
        page.context.close()
    return seen


def _open(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(_PATIENCE)
    page.goto(address)
    page.locator(FIRST_CONTENT["Draw"]).wait_for()
    draw(page, [(60, 60), (190, 60), (120, 220)])
    predicted_digit(page).wait_for()
    return page


def _act(page: Page, turn: int, number: int, names: Sequence[str], seen: Seen) -> None:
    """Another page and back in one of `LIFTS_BETWEEN_PAGES` + 1 turns, else a stroke."""
    round_, step = divmod(turn + number, LIFTS_BETWEEN_PAGES + 1)
    if names and step == LIFTS_BETWEEN_PAGES:
        seen.pages += [visit(page, names[(round_ + number) % len(names)]), visit(page, "Draw")]
        return
    if turn % _STROKES == 0:
        page.locator("button", has_text="Clear").click()
        page.get_by_test_id("digit").wait_for(state="detached")
    x = 20 + 7 * (turn % 30)
    seen.lifts.append(watch_lift(page, [(x, 40 + turn % 60), (x + 30, 60 + turn % 60), (x + 10, 180)]) / 1000)
