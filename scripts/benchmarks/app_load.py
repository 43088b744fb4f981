"""What `scripts/benchmark.py` measures of the app in Chromium."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from digit_core.storage import paths


def app(strokes: int) -> dict:
    """Seconds from `streamlit run` to a reading canvas, memory, and milliseconds from pen lift to reading."""
    from scripts.benchmarks.browser_actions import draw, reading

    with tempfile.TemporaryDirectory() as folder, app_in_browser({"DIGITS_HOME": folder}) as (page, process, started):
        page.locator("canvas.upper-canvas").wait_for()
        up = time.perf_counter() - started
        draw(page, [(60, 60), (190, 60), (120, 220)])
        reading(page).wait_for()
        first = time.perf_counter() - started
        spent = [_milliseconds_to_reading(page, number) for number in range(strokes)]
        megabytes, tensorflow = memory(process)
    return {
        "seconds_to_canvas": round(up, 2),
        "seconds_to_first_reading": round(first, 2),
        "pen_lift_to_reading_ms_median": float(np.median(spent)),
        "pen_lift_to_reading_ms_p95": float(np.quantile(spent, 0.95)),
        "memory_mb": megabytes,
        "maps_tensorflow": tensorflow,
    }


# Of each page, what a person came for.
FIRST_CONTENT = {
    "Draw": "canvas.upper-canvas",
    "Results": "[data-testid=stMetric]",
    "Mistakes": "[data-testid=stVegaLiteChart] svg",
    "Compare": "[data-testid=stDataFrame] canvas",
    "Runs": "[data-testid=stDataFrame] canvas",
}


def pages(runs: int, rounds: int = 5, visited: int = 20) -> dict:
    """Seconds from a click in the sidebar to a page's first content on so many runs, to the next images, and memory."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(runs):  # links, not copies: a hundred runs are 280 MB
            name = f"202601{1 + number // 24:02}-{number % 24:02}0000-robust"
            shutil.copytree(paths.SHIPPED_RUN, Path(folder) / "runs" / name, copy_function=os.link)
        with app_in_browser({"DIGITS_HOME": folder}) as (page, process, _):
            page.locator("canvas.upper-canvas").wait_for()
            _visit(page, "Runs")
            spent = {name: [] for name in FIRST_CONTENT}
            for _ in range(rounds):
                for name, times in spent.items():
                    times.append(_visit(page, name))
            _visit(page, "Mistakes")
            paging = []
            page.get_by_text("All", exact=True).click()
            for number in range(2, 2 + rounds):
                started = time.perf_counter()
                page.get_by_role("button", name="Next", exact=True).click()
                page.get_by_text(f"{(number - 1) * 36 + 1:,} to {number * 36:,} of").wait_for()
                paging.append(time.perf_counter() - started)
            address = page.url.split("/mistakes")[0]
            for number in range(visited):
                name = f"202601{1 + number // 24:02}-{number % 24:02}0000-robust"
                for path, marker in (("results", "Results"), ("mistakes", "Mistakes")):
                    page.goto(f"{address}/{path}?run={name}")
                    page.locator(FIRST_CONTENT[marker]).first.wait_for()
            megabytes, _ = memory(process)
    return {
        "first_content_seconds": {
            name: {"median": round(float(np.median(times)), 2), "worst": round(max(times), 2)}
            for name, times in spent.items()
        },
        "next_36_of_10000_images_seconds_median": round(float(np.median(paging)), 2),
        f"memory_mb_after_every_page_and_{visited}_runs": megabytes,
    }


def processor_seconds(process: int) -> float:
    """User and system time that a process has had; Linux only."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _visit(page, name: str) -> float:
    link = page.get_by_test_id("stSidebarNav").get_by_role("link", name=name)
    started = time.perf_counter()
    link.click()
    page.locator("h1", has_text=name).wait_for()
    page.locator(FIRST_CONTENT[name]).first.wait_for()
    return time.perf_counter() - started


@contextlib.contextmanager
def app_in_browser(settings: dict[str, str]):
    """A page of a browser at the app's address, the app's process, and when it was started.

    `settings` are environment variables of the app.
    """
    from playwright.sync_api import sync_playwright

    from scripts.benchmarks.chromium import CHROMIUM_OPTIONS, chromium_path, free_port

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(CHROMIUM_OPTIONS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(60_000)
        port = free_port()
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
            + ["--server.port", str(port), "--server.headless", "true"],
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


def _open_when_up(page, address: str) -> None:
    from playwright.sync_api import Error

    for _ in range(600):
        try:
            page.goto(address)
            return
        except Error:
            time.sleep(0.02)
    raise SystemExit("the app did not start")


# In the page: when the pen was lifted, and when the reading's HTML changed after it.
_WATCH = """() => {
  window.changed = new Promise(resolve => {
    addEventListener('mouseup', () => { window.lifted = performance.now() }, {once: true, capture: true});
    new MutationObserver((_, observer) => {
      if (window.lifted && document.querySelector('.prediction')) {
        observer.disconnect();
        const spent = performance.now() - window.lifted;
        window.lifted = null;
        requestAnimationFrame(() => resolve(spent));
      }
    }).observe(document.querySelector('[data-testid=stMain]'),
               {subtree: true, childList: true, characterData: true, attributes: true,
                attributeFilter: ['src', 'aria-label']});
  });
}"""


def _milliseconds_to_reading(page, number: int) -> float:
    from scripts.benchmarks.browser_actions import draw

    page.evaluate(_WATCH)
    x = 20 + 7 * (number % 30)
    draw(page, [(x, 40 + number), (x + 30, 60 + number), (x + 10, 180)])
    return page.evaluate("() => window.changed")


def memory(process: int) -> tuple[float, bool]:
    """Resident megabytes (10^6 bytes), and whether a TensorFlow library is mapped; Linux only."""
    status = Path(f"/proc/{process}/status").read_text()
    kilobytes = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    maps = Path(f"/proc/{process}/maps").read_text()
    return round(kilobytes * 1024 / 1e6, 1), "/tensorflow/" in maps
