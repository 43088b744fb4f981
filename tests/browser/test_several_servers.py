"""Two app processes behind nginx, with one home and one PostgreSQL, and people in browsers on both."""

import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from digit_core.errors import ServingFailed
from digit_core.storage import paths
from scripts.benchmarks.browser_actions import draw, expect_prediction, settled
from scripts.benchmarks.drawings import SEVEN, paint
from scripts.serving.nginx import nginx_path
from scripts.serving.postgresql import postgresql_programs
from tests.browser.actions import choose_the_bundled_digits, press, until
from tests.waiting import wait_for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc, and Debian's packages used"),
]

_CODE = "K7QM-4XTD-9PVR"
_SEVEN = [(60, 60), (190, 60), (120, 220)]
_ONE = [(140, 50), (140, 230)]
# The last label of each drawing, in the order of the first ones.
_LABELS = """
SELECT run, (array_agg(label ORDER BY number DESC))[1] FROM labels JOIN drawings ON drawings.id = labels.drawing
GROUP BY drawings.id, run ORDER BY min(number)
"""
_ACTIVE_WITHIN = 30.0  # seconds: 5 where nothing else runs, but other tests run beside this one

_TRAINING = 300_000  # milliseconds


@dataclass(frozen=True)
class Cluster:
    address: str
    home: Path

    def labels(self) -> list[tuple[str, int]]:
        """The run and the label of every stored drawing, in the order in which they were labelled."""
        with psycopg.connect(f"postgresql://digits@/postgres?host={self.home}/postgresql") as connection:
            return connection.execute(_LABELS).fetchall()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    _skip_unless_installed()
    # For root, PostgreSQL runs as another user, who has to get into the folder; and its path must be short.
    folder = Path(tempfile.mkdtemp(prefix="cluster-", dir="/tmp"))
    folder.chmod(0o755)
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    environment = {**os.environ, "DIGITS_HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}
    environment["DIGITS_TEACHER_CODE"] = _CODE
    port = _three_free_ports()
    command = [sys.executable, "scripts/serve.py", "--processes", "2", "--port", str(port), "--postgresql"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=paths.PROJECT, env=environment, stdout=log, stderr=log)
    try:
        wait_for(lambda: process.poll() is not None or "2 processes" in (folder / "log").read_text())
        assert process.poll() is None, (folder / "log").read_text()
        yield Cluster(f"http://127.0.0.1:{port}", folder / "home")
    finally:
        process.terminate()
        code, written = process.wait(60), (folder / "log").read_text()
        shutil.rmtree(folder, ignore_errors=True)
    assert code == 0, written
    left = [number for number in (port, port + 1, port + 2) if not _is_free(number)]
    assert not left, f"something still listens on {left}"


@pytest.fixture
def people(browser, cluster) -> Iterator[tuple[Page, Page]]:
    """Two people's windows, each on another server."""
    contexts, windows = [], {}
    while len(windows) < 2:
        assert len(contexts) < 6, "nginx sent six browsers to the same server"
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}))
        contexts[-1].set_default_timeout(30_000)
        contexts[-1].add_init_script("localStorage.setItem('digit-lab-tour', 'seen')")
        page = contexts[-1].new_page()
        page.goto(cluster.address)
        windows.setdefault(_server_of(page), page)
    yield tuple(windows.values())
    for context in contexts:
        context.close()


def test_a_run_trained_on_one_server_is_used_by_all_and_the_loss_of_one_loses_nothing(cluster, people):
    anna, ben = people
    label(anna, _SEVEN, 7)
    label(ben, _ONE, 1)
    press(ben, "Clear")
    sidebar = anna.get_by_test_id("stSidebar")  # who comes through nginx may come from anywhere
    sidebar.get_by_label("Teacher's code").fill(_CODE)
    sidebar.get_by_role("button", name="Sign in").click()
    choose_the_bundled_digits(anna, epochs=30)
    sidebar.locator("button", has_text=re.compile("Retrain$")).click()  # not: with my drawings
    activate = sidebar.get_by_role("button", name="Activate it")  # offered since the run is kept, not active
    expect(activate).to_be_visible(timeout=_TRAINING)
    (trained,) = (path.name for path in (cluster.home / "runs").iterdir() if path.name[0] != ".")
    activate.click()
    wait_for((cluster.home / "active.json").exists)
    activated = time.monotonic()
    draw(ben, _SEVEN)
    expect_prediction(ben, "7")
    seconds = time.monotonic() - activated
    print(f"predicted with the new run on the other server {seconds:.1f} s after it was activated")
    assert seconds < _ACTIVE_WITHIN
    say(ben, 7)
    assert cluster.labels()[-1] == (trained, 7)  # it was predicted with the run that the other server has activated
    for page in (anna, ben):
        expect(page.get_by_test_id("stSidebar").get_by_text("(scikit-learn digits)")).to_be_visible()

    label(anna, _ONE, 1)
    confirmed, lost = cluster.labels(), _server_of(anna)
    assert [stored for _, stored in confirmed] == [7, 1, 7, 1]
    os.kill(_process_of(lost), signal.SIGKILL)
    anna.reload()
    expect(anna.get_by_test_id("digit")).to_be_visible()  # the drawing is there again, and predicted elsewhere
    assert _server_of(anna) == _server_of(ben)
    assert cluster.labels() == confirmed
    label(anna, _SEVEN, 7)
    label(ben, _ONE, 1)
    assert [stored for _, stored in cluster.labels()] == [7, 1, 7, 1, 7, 1]

    # The server is started again; a person whose session has moved stays where it is now, with all uploads.
    wait_for(lambda: not _is_free(int(lost)))
    upload(anna)
    assert _server_of(anna) != lost


def label(page: Page, stroke: list, digit: int) -> None:
    """Draw on an empty canvas, and say what it is; returns when that is stored."""
    settled(page)
    if page.get_by_test_id("digit").count():
        press(page, "Clear")
    draw(page, stroke)
    expect(page.get_by_test_id("digit")).to_be_visible()
    say(page, digit)


def say(page: Page, digit: int) -> None:
    """Say what the drawing is; returns when that is stored."""
    expect(page.get_by_text("Is this right? Choose the digit")).to_be_visible()
    stored = page.get_by_text(f"It is a {digit}: stored in My drawings.")
    until(lambda: page.keyboard.press(str(digit)), expect(stored).to_be_visible)


def upload(page: Page) -> None:
    picture = io.BytesIO()
    Image.fromarray(paint(SEVEN)).save(picture, "PNG")
    page.goto(f"{page.url.split('?')[0]}?tab=upload")
    page.locator("input[type=file]").set_input_files(
        {"name": "seven.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    expect_prediction(page, "7")


def _server_of(page: Page) -> str:
    """The port of the app process that nginx has chosen for this browser."""
    (port,) = (cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "digit_lab_server")
    return port


def _process_of(port: str) -> int:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "streamlit" in words and "--server.port" in words and port in words:
            return int(folder.name)
    raise AssertionError(f"no app process has the port {port}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _three_free_ports() -> int:
    return next(port for port in range(9310, 9990, 3) if all(_is_free(port + number) for number in range(3)))


def _skip_unless_installed() -> None:
    try:
        nginx_path()
    except ServingFailed as error:
        reason = str(error)
    else:
        if postgresql_programs():
            return
        reason = "there is no PostgreSQL; on Debian: apt install postgresql"
    if os.environ.get("DIGITS_NOTHING_SKIPPED"):
        pytest.fail(f"DIGITS_NOTHING_SKIPPED is set, but {reason}")
    pytest.skip(reason)
