"""Measure what the README claims; each figure is compared within one run on one machine.

python3 scripts/benchmark.py training      quick in 5 seeds; the stock Keras example and two_block to 99.0 %
python3 scripts/benchmark.py reading       milliseconds a prediction
python3 scripts/benchmark.py app           start, memory, and the time from pen lift to reading
python3 scripts/benchmark.py pages         first content of every page on 100 runs, paging, memory
"""

import environment

if __name__ == "__main__":
    environment.enter(environment.DEVELOPMENT)

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(environment.PROJECT))

import numpy as np

from digit_core import Recognizer
from digit_core.records import home
from tests.drawings import SEVEN, paint


def training(seeds: int) -> dict:
    """Accuracy and seconds of `quick`; the seconds that plain recipes need to pass 99.0 %."""
    runs = []
    for seed in range(seeds):
        command = [sys.executable, "scripts/train.py", "--preset", "quick", "--seed", str(seed), "--no-serve", "--json"]
        result = subprocess.run(command, cwd=environment.PROJECT, stdout=subprocess.PIPE, text=True, check=True)
        runs.append(json.loads(result.stdout.splitlines()[-1]))
    seconds = [run["training_seconds"] for run in runs]
    figures = {
        "quick_accuracy": [run["accuracy"] for run in runs],
        "quick_accuracy_mean": float(np.mean([run["accuracy"] for run in runs])),
        "quick_seconds": seconds,
    }
    for yardstick in ("stock", "two_block"):
        command = [sys.executable, "-m", "digit_core.learning", "time-to", yardstick, "0.99"]
        result = subprocess.run(command, cwd=environment.PROJECT, stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(result.stdout.splitlines()[-1])
        figures |= {
            f"{yardstick}_seconds_to_99": found["seconds"],
            f"{yardstick}_epochs_to_99": found["epochs"],
            f"quick_as_share_of_{yardstick}": {
                "mean": float(np.mean(seconds)) / found["seconds"],
                "longest": max(seconds) / found["seconds"],
            },
        }
    return figures


def reading() -> dict:
    """Milliseconds for a 280 x 280 picture and for its strokes, normalising included."""
    recognizer, picture = Recognizer.load("shipped"), paint(SEVEN)

    def median_and_worst(read) -> tuple[float, float]:
        spent = []
        for _ in range(500):
            started = time.perf_counter()
            read()
            spent.append((time.perf_counter() - started) * 1e3)
        return float(np.median(spent)), float(np.quantile(spent, 0.99))

    from_picture = median_and_worst(lambda: recognizer.predict(picture))
    from_strokes = median_and_worst(lambda: recognizer.predict_strokes(SEVEN, 14))
    network = median_and_worst(lambda: recognizer.predict_normalized(recognizer.predict(picture).model_input))
    return {
        "picture_ms_median": from_picture[0],
        "picture_ms_p99": from_picture[1],
        "strokes_ms_median": from_strokes[0],
        "strokes_ms_p99": from_strokes[1],
        "network_ms_median": network[0] - from_picture[0],
    }


def app(strokes: int) -> dict:
    """Seconds from `streamlit run` to a reading canvas, memory, and milliseconds from pen lift to reading."""
    from tests.browser.canvas import draw, reading

    with tempfile.TemporaryDirectory() as folder, _app_in_browser(Path(folder)) as (page, process, started):
        page.locator("canvas.upper-canvas").wait_for()
        up = time.perf_counter() - started
        draw(page, [(60, 60), (190, 60), (120, 220)])
        reading(page).wait_for()
        first = time.perf_counter() - started
        spent = [_milliseconds_to_reading(page, number) for number in range(strokes)]
        memory, tensorflow = _memory(process)
    return {
        "seconds_to_canvas": round(up, 2),
        "seconds_to_first_reading": round(first, 2),
        "pen_lift_to_reading_ms_median": float(np.median(spent)),
        "pen_lift_to_reading_ms_p95": float(np.quantile(spent, 0.95)),
        "memory_mb": memory,
        "maps_tensorflow": tensorflow,
    }


# Of each page, what a person came for.
_FIRST_CONTENT = {
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
            shutil.copytree(home.SHIPPED_RUN, Path(folder) / "runs" / name, copy_function=os.link)
        with _app_in_browser(Path(folder)) as (page, process, _):
            page.locator("canvas.upper-canvas").wait_for()
            _visit(page, "Runs")
            spent = {name: [] for name in _FIRST_CONTENT}
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
                    page.locator(_FIRST_CONTENT[marker]).first.wait_for()
            memory, _ = _memory(process)
    return {
        "first_content_seconds": {
            name: {"median": round(float(np.median(times)), 2), "worst": round(max(times), 2)}
            for name, times in spent.items()
        },
        "next_36_of_10000_images_seconds_median": round(float(np.median(paging)), 2),
        f"memory_mb_after_every_page_and_{visited}_runs": memory,
    }


def _visit(page, name: str) -> float:
    link = page.get_by_test_id("stSidebarNav").get_by_role("link", name=name)
    started = time.perf_counter()
    link.click()
    page.locator("h1", has_text=name).wait_for()
    page.locator(_FIRST_CONTENT[name]).first.wait_for()
    return time.perf_counter() - started


@contextlib.contextmanager
def _app_in_browser(folder: Path):
    """A page of a browser at the app's address, the app's process, and when it was started."""
    from playwright.sync_api import sync_playwright

    from tests.browser.app import CHROMIUM_OPTIONS, chromium_path, free_port

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(CHROMIUM_OPTIONS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(60_000)
        port = free_port()
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
            + ["--server.port", str(port), "--server.headless", "true"],
            cwd=environment.PROJECT,
            env={**os.environ, "DIGITS_HOME": str(folder)},
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
      if (window.lifted && document.querySelector('.reading')) {
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
    from tests.browser.canvas import draw

    page.evaluate(_WATCH)
    x = 20 + 7 * (number % 30)
    draw(page, [(x, 40 + number), (x + 30, 60 + number), (x + 10, 180)])
    return page.evaluate("() => window.changed")


def _memory(process: int) -> tuple[float, bool]:
    """Resident megabytes (10^6 bytes), and whether a TensorFlow library is mapped; Linux only."""
    status = Path(f"/proc/{process}/status").read_text()
    kilobytes = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    maps = Path(f"/proc/{process}/maps").read_text()
    return round(kilobytes * 1024 / 1e6, 1), "/tensorflow/" in maps


def main() -> int:
    """Run one benchmark and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["training", "reading", "app", "pages"])
    parser.add_argument("--seeds", type=int, default=5, help="of training (default: 5)")
    parser.add_argument("--strokes", type=int, default=30, help="drawn in the app (default: 30)")
    parser.add_argument("--runs", type=int, default=100, help="in the folder, for pages (default: 100)")
    arguments = parser.parse_args()
    measure = {
        "training": lambda: training(arguments.seeds),
        "reading": reading,
        "app": lambda: app(arguments.strokes),
        "pages": lambda: pages(arguments.runs),
    }
    figures = measure[arguments.what]()
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
