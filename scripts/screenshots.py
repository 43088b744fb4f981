"""Take the README's pictures of the app again, with the shipped run: a drawn digit and the Results page.

python3 scripts/screenshots.py
"""

import environment

environment.enter(__name__, environment.DEVELOPMENT)

import argparse
import io
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from digit_core.storage.paths import PROJECT
from scripts.benchmarks.app_benchmark import FIRST_CONTENT, app_in_browser
from scripts.benchmarks.browser_actions import draw, expect_prediction, settled
from scripts.command_line import run_command, write_output

FOLDER = PROJECT / ".images"
WIDTH = 1280  # pixels
_COLOURS = 128  # of a picture; enough for screens, at a third of the size
# Strokes, in pixels of a canvas of 280 pixels a side.
_FOUR = [[(92, 62), (88, 86), (82, 112), (76, 138), (96, 143), (124, 143), (152, 141), (190, 137)]]
_FOUR += [[(140, 66), (142, 96), (141, 130), (139, 168), (136, 204), (134, 236)]]


def main() -> int:
    """Write both pictures; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=FOLDER, help="the folder to write to (default: the README's)")
    folder = parser.parse_args().to
    with tempfile.TemporaryDirectory() as temporary:
        # A temporary folder of its own, so that this app does not show a training on this machine.
        settings = {"DIGITS_HOME": f"{temporary}/home", "TMPDIR": f"{temporary}/tmp"}
        Path(settings["TMPDIR"]).mkdir()
        with app_in_browser(settings) as (page, _, _):
            page.evaluate("localStorage.setItem('digit-lab-tour', 'seen')")
            address = re.match(r"https?://[^/]+", page.url)[0]
            _take(page, folder / "draw.png", lambda: _draw_page(page, address))
            _take(page, folder / "results.png", lambda: _results_page(page, address))
    return 0


def _draw_page(page: Page, address: str) -> int:
    """Show the Draw page with a digit drawn; returns the height of what belongs on the picture."""
    page.goto(address)
    page.locator(FIRST_CONTENT["Draw"]).wait_for()
    settled(page)
    draw(page, *_FOUR)
    expect_prediction(page, "4")
    return 760


def _results_page(page: Page, address: str) -> int:
    """Show metrics, curves and matrix, none of which is an image of a data set; returns their height."""
    page.set_viewport_size({"width": WIDTH, "height": 1700})
    page.goto(f"{address}/results?run=shipped")
    expect(page.locator(".matrix")).to_be_visible()
    settled(page)
    box = page.locator(".matrix").bounding_box()
    return int(box["y"] + box["height"] + 30)


def _take(page: Page, path: Path, show: Callable[[], int]) -> None:
    """Write what `show` shows, as high as it returns, with fewer colours."""
    height = show()
    page.mouse.move(WIDTH - 5, 5)  # off the canvas, where the pen would show
    page.wait_for_timeout(1500)  # charts and bars grow into their final state
    picture = Image.open(io.BytesIO(page.screenshot(clip={"x": 0, "y": 0, "width": WIDTH, "height": height})))
    reduced = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    file = io.BytesIO()
    reduced.save(file, "PNG", optimize=True)
    write_output(path, file.getvalue())
    print(f"{os.path.relpath(path)}: {WIDTH} x {height}, {len(file.getvalue()) / 1000:.0f} kB")


if __name__ == "__main__":
    run_command(main)
