"""What `scripts/benchmark.py` measures of the app in Chromium."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from playwright.sync_api import Error, Page, sync_playwright

from digit_core.storage import paths
from scripts.benchmarks.browser_actions import draw, predicted_digit
from scripts.benchmarks.chromium import CHROMIUM_OPTIONS, chromium_path, free_port
from scripts.benchmarks.processes import maps_tensorflow, resident_megabytes

# A selector for the main content of each page.
FIRST_CONTENT = {
    "Draw": "canvas.upper-canvas",
    "Results": "[data-testid=stMetric]",
    "Mistakes": ".matrix button",
    "Compare": "[data-testid=stDataFrame] canvas",
    "Runs": "[data-testid=stDataFrame] canvas",
}
# In the page: resolves to the milliseconds from the pen lift to the first change of the prediction after it.
# What components show is in shadow roots, each of which needs to be observed for itself.
_PATIENCE = 30  # seconds, from the beginning of a stroke to its prediction
_WATCH = """seconds => {
  window.changed = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`no prediction within ${seconds} s`)), 1000 * seconds);
    addEventListener('mouseup', () => { window.lifted = performance.now() }, {once: true, capture: true});
    const observer = new MutationObserver(() => {
      if (window.lifted && document.querySelector('[data-testid=digit], [data-testid=number]')) {
        observer.disconnect();
        const latency = performance.now() - window.lifted;
        window.lifted = null;
        requestAnimationFrame(() => resolve(latency));
      }
    });
    const main = document.querySelector('[data-testid=stMain]');
    const roots = [...main.querySelectorAll('*')].map(element => element.shadowRoot).filter(Boolean);
    for (const root of [main, ...roots])
      observer.observe(root, {subtree: true, childList: true, characterData: true, attributes: true,
                              attributeFilter: ['src', 'aria-label']});
  });
}"""


def measure_app(strokes: int) -> dict:
    """Seconds from `streamlit run` to canvas and first prediction, latency of pen lifts in milliseconds, memory."""
    with tempfile.TemporaryDirectory() as folder, app_in_browser({"DIGITS_HOME": folder}) as (page, process, started):
        page.locator(FIRST_CONTENT["Draw"]).wait_for()
        canvas_seconds = time.perf_counter() - started
        draw(page, [(60, 60), (190, 60), (120, 220)])
        predicted_digit(page).wait_for()
        prediction_seconds = time.perf_counter() - started
        latencies = []
        for number in range(strokes):
            x = 20 + 7 * (number % 30)
            latencies.append(watch_lift(page, [(x, 40 + number), (x + 30, 60 + number), (x + 10, 180)]))
        return {
            "seconds_to_canvas": round(canvas_seconds, 2),
            "seconds_to_first_prediction": round(prediction_seconds, 2),
            "pen_lift_to_prediction_ms_median": float(np.median(latencies)),
            "pen_lift_to_prediction_ms_p95": float(np.quantile(latencies, 0.95)),
            "memory_mb": resident_megabytes(process),
            "maps_tensorflow": maps_tensorflow(process),
        }


def measure_pages(runs: int, rounds: int = 5, visited: int = 20) -> dict:
    """Seconds from a click in the sidebar to a page's first content, and to the next images; memory after all that."""
    names = [f"202601{1 + number // 24:02}-{number % 24:02}0000-robust" for number in range(runs)]
    with tempfile.TemporaryDirectory() as folder:
        add_runs(Path(folder), names)
        with app_in_browser({"DIGITS_HOME": folder}) as (page, process, _):
            page.locator(FIRST_CONTENT["Draw"]).wait_for()
            visit(page, "Runs")
            seconds = {name: [] for name in FIRST_CONTENT}
            for _ in range(rounds):
                for name in FIRST_CONTENT:
                    seconds[name].append(visit(page, name))
            visit(page, "Mistakes")
            paging = []
            page.get_by_text("All", exact=True).click()
            for number in range(1, rounds + 1):
                started = time.perf_counter()
                page.get_by_role("button", name="Next", exact=True).click()
                page.get_by_text(f"{number * 36 + 1:,} to {(number + 1) * 36:,} of").wait_for()
                paging.append(time.perf_counter() - started)
            address = page.url.split("/mistakes")[0]
            for name in names[:visited]:
                for title in ("Results", "Mistakes"):
                    page.goto(f"{address}/{title.lower()}?run={name}")
                    page.locator(FIRST_CONTENT[title]).first.wait_for()
            megabytes = resident_megabytes(process)
    return {
        "first_content_seconds": {
            name: {"median": round(float(np.median(times)), 2), "worst": round(max(times), 2)}
            for name, times in seconds.items()
        },
        "next_36_of_10000_images_seconds_median": round(float(np.median(paging)), 2),
        f"memory_mb_after_every_page_and_{visited}_runs": megabytes,
    }


@contextlib.contextmanager
def app_in_browser(settings: dict[str, str], processes: int = 1) -> Iterator[tuple[Page, int, float]]:
    """A browser page that shows the app, the number of the app's process, and when it was started.

    `settings` are environment variables of the app. Of several `processes` behind nginx, the number is that of
    scripts/serve.py, which starts them.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(CHROMIUM_OPTIONS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(60_000)
        port = free_port()
        command = [
            "-m",
            "streamlit",
            "run",
            "streamlit_app.py",
            "--server.headless",
            "true",
            "--server.port",
            str(port),
        ]
        if processes > 1:
            command = ["scripts/serve.py", "--processes", str(processes), "--port", str(port)]
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *command, str(port)],
            cwd=paths.PROJECT,
            env={**os.environ, **settings},
            stdout=subprocess.DEVNULL,
        )
        try:
            _open_when_up(page, f"http://localhost:{port}")
            yield page, process.pid, started
        finally:
            process.terminate()
            process.wait(20)
            browser.close()


def add_runs(home: Path, names: Iterable[str]) -> None:
    """Put copies of the shipped run with these names there; links, since a hundred copies would take 280 MB."""
    for name in names:
        shutil.copytree(paths.SHIPPED_RUN, home / "runs" / name, copy_function=os.link)


def watch_lift(page: Page, stroke: list[tuple[float, float]]) -> float:
    """Draw a stroke; milliseconds from the pen lift to the next change of the prediction.

    Raises playwright's Error if it does not change, as when the stroke is on ink that was there already.
    """
    page.evaluate(_WATCH, _PATIENCE)
    draw(page, stroke)
    return page.evaluate("() => window.changed")


def visit(page: Page, name: str) -> float:
    """Seconds from a click in the sidebar to the first content of the page of that name."""
    link = page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True)
    started = time.perf_counter()
    link.click()
    page.locator("h1", has_text=name).wait_for()
    page.locator(FIRST_CONTENT.get(name, "h1")).first.wait_for()
    return time.perf_counter() - started


def _open_when_up(page: Page, address: str) -> None:
    for _ in range(600):
        try:
            page.goto(address)
            return
        except Error:
            time.sleep(0.02)
    raise SystemExit("The app did not start.")
