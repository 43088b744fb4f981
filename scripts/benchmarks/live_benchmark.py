"""What `scripts/benchmark.py live` measures: predictions while the pen is down, in Chromium."""

import math
import tempfile
import time

import numpy as np
from playwright.sync_api import Page

from scripts.benchmarks.app_benchmark import FIRST_CONTENT, app_in_browser
from scripts.benchmarks.browser_actions import settled

SECONDS = 2.0  # of a stroke
_FRAME = 1 / 60  # seconds between two events of the mouse, if the browser keeps up
_NEAR = 1.5  # canvas pixels: Fabric rounds, and the mouse's position is in pixels of the screen
# In the page: when messages were sent, and when the prediction changed after one.
_WATCH = """
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (message) { window.sent = performance.now(); return send.call(this, message) };
window.watch = () => {
  window.lags = [];
  window.moves = [];
  let shown = null;
  window.observer?.disconnect();
  window.observer = new MutationObserver(() => {
    const now = [...document.querySelectorAll('.prediction')].map(card => card.innerHTML).join();
    if (now && now !== shown) window.lags.push(performance.now() - window.sent);
    shown = now;
  });
  window.observer.observe(document.querySelector('[data-testid=stMain]'), {subtree: true, childList: true,
    characterData: true, attributes: true, attributeFilter: ['aria-label', 'style']});
};
addEventListener('mousemove', event => {
  const canvas = event.composedPath()[0];
  if (!window.moves || !event.buttons || !canvas.matches?.('canvas')) return;
  const box = canvas.getBoundingClientRect(), scale = canvas.width / devicePixelRatio / box.width;
  window.moves.push([(event.clientX - box.left) * scale, (event.clientY - box.top) * scale]);
}, true);
"""
_PATH = """() => JSON.parse(sessionStorage.getItem('digit-lab-canvas') ?? '{}').objects?.at(-1)?.path ?? []"""


def measure_live(strokes: int) -> dict:
    """Predictions during strokes of `SECONDS`, the milliseconds each is behind the pen, and points that were lost."""
    with tempfile.TemporaryDirectory() as folder, app_in_browser({"DIGITS_HOME": folder}) as (page, _, _):
        page.add_init_script(_WATCH)
        page.reload()
        page.locator(FIRST_CONTENT["Draw"]).wait_for()
        settled(page)
        counts, lags, lost, moves, seconds = [], [], 0, 0, []
        for number in range(strokes):
            took, found, lost_now, sent = _stroke(page, number)
            if number:  # the first one loads what is needed
                counts.append(len(found))
                lags += found
                seconds.append(took)
            lost, moves = lost + lost_now, moves + sent
        return {
            "strokes": strokes,
            "stroke_seconds_median": round(float(np.median(seconds)), 2),
            "predictions_per_stroke_median": float(np.median(counts)),
            "predictions_per_stroke_least": min(counts),
            "milliseconds_behind_the_pen_median": round(float(np.median(lags)), 1),
            "milliseconds_behind_the_pen_p95": round(float(np.quantile(lags, 0.95)), 1),
            "points_drawn": moves,
            "points_lost": lost,
        }


def _stroke(page: Page, number: int) -> tuple[float, list[float], int, int]:
    """Draw a curl; seconds, milliseconds behind the pen, points that the finished stroke lacks, points drawn."""
    box = page.locator("canvas.upper-canvas").bounding_box()
    turns, scale = 1 + number % 3 / 2, box["width"] / 280

    def at(share: float) -> tuple[float, float]:
        angle, radius = 2 * math.pi * turns * share + number, 90 - 60 * share
        return box["x"] + scale * (140 + radius * math.cos(angle)), box["y"] + scale * (140 + radius * math.sin(angle))

    page.evaluate("window.watch()")
    page.mouse.move(*at(0))
    page.mouse.down()
    started = time.perf_counter()
    while (share := (time.perf_counter() - started) / SECONDS) < 1:
        page.mouse.move(*at(share))
        time.sleep(max(_FRAME - (time.perf_counter() - started - share * SECONDS), 0))
    took = time.perf_counter() - started
    lags = page.evaluate("window.lags")
    drawn = np.array(page.evaluate("window.moves"))
    page.mouse.up()
    page.wait_for_function(f"() => ({_PATH})().length > 2")
    settled(page)
    path = page.evaluate(_PATH)
    # The control points of Fabric's curves are the points of the pen; it always leaves out the last but one.
    drawn = np.delete(drawn, -2, axis=0)
    kept = np.array([part[1:3] for part in path] + [path[-1][-2:]])
    distances = np.linalg.norm(drawn[:, None] - kept[None], axis=2).min(1)
    page.get_by_role("button", name="Clear").last.click()
    page.get_by_text("The canvas is blank").wait_for()
    page.wait_for_function(f"() => ({_PATH})().length === 0")
    settled(page)
    return took, lags, int((distances > _NEAR).sum()), len(drawn)
