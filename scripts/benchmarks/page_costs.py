"""What a pen lift and the opening of each page cost the app: processor time, which other programs hardly change."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from digit_core.storage import paths
from scripts.benchmarks.app_benchmark import add_runs
from scripts.benchmarks.chromium import free_port
from scripts.benchmarks.processes import processor_seconds

_START_SECONDS = 120
_RUNS = [f"2026010{day}-090000-robust" for day in range(1, 6)]
_CANVAS = "drawable_canvas"  # in the name of its component
_SEVEN = [["M", 120, 120], ["Q", 120, 120, 380, 120], ["Q", 380, 120, 240, 440], ["L", 240, 440]]


def measure_costs(times: int) -> dict:
    """Milliseconds of processor time, and messages to the browser, of a lift and of each page opened again."""
    with tempfile.TemporaryDirectory() as folder:
        add_runs(Path(folder), _RUNS)
        with _app({"DIGITS_HOME": folder}) as (address, process):
            return asyncio.run(_measure(address, process, times))


async def _measure(address: str, process: int, times: int) -> dict:
    socket = address.replace("http", "ws") + "/_stcore/stream"
    async with websockets.connect(socket, subprotocols=["streamlit"], origin=address, max_size=None) as session:
        first = await _run(session, _rerun())
        pages = {
            page.page_name.replace("_", " "): page.page_script_hash
            for message in first
            for page in message.navigation.app_pages
        }
        drawn = next(m.delta for m in first if _CANVAS in m.delta.new_element.bidi_component.component_name)
        canvas = drawn.new_element.bidi_component.id
        start = pages["Draw"]
        asked = {"a pen lift": _rerun(start, drawn.fragment_id, canvas), "Draw": _rerun(start, canvas=canvas)}
        asked |= {name: _rerun(page) for name, page in pages.items() if name != "Draw"}
        costs = {}
        for name, message in asked.items():
            await _run(session, message)  # what is computed once is computed now
            before = processor_seconds(process)
            answers = [await _run(session, message) for _ in range(times)]
            spent = 1000 * (processor_seconds(process) - before) / times
            costs[name] = {"processor_ms": round(spent, 1), "messages": round(sum(map(len, answers)) / times)}
        return costs


async def _run(session: websockets.ClientConnection, message: BackMsg) -> list[ForwardMsg]:
    """What the app sends until the script run that the message asks for has finished."""
    await session.send(message.SerializeToString())
    answers = []
    while not answers or answers[-1].WhichOneof("type") != "script_finished":
        answers.append(ForwardMsg.FromString(await session.recv()))
    return answers


def _rerun(page: str = "", fragment: str = "", canvas: str | None = None) -> BackMsg:
    """A message of a browser that shows this page and, if it has a canvas, a seven on it."""
    message = BackMsg()
    message.rerun_script.page_script_hash, message.rerun_script.fragment_id = page, fragment
    if canvas:
        drawing = {"objects": [{"type": "path", "path": _SEVEN, "strokeWidth": 36}]}
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.json_value = canvas, json.dumps({"drawing": {"raw": drawing}})
    return message


@contextlib.contextmanager
def _app(settings: dict[str, str]) -> Iterator[tuple[str, int]]:
    """The address of an app and the number of its process."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless", "true"]
    process = subprocess.Popen(
        [*command, "--server.port", str(port)],
        cwd=paths.PROJECT,
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
    )
    try:
        address, deadline = f"http://localhost:{port}", time.monotonic() + _START_SECONDS
        while not _is_up(address):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("The app did not start.")
            time.sleep(0.1)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _is_up(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=10):
            return True
    except OSError:
        return False
