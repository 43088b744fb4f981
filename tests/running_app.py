"""The app in a process of its own, started with the start command."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from digit_core.storage import paths
from scripts.benchmarks.chromium import free_port


@dataclass(frozen=True)
class RunningApp:
    address: str
    process: int


@contextmanager
def run_app(folder: Path, *options: str, port: int | None = None, **variables: str) -> Iterator[RunningApp]:
    """Run the app with its home in `folder`, further options of Streamlit and environment variables."""
    (folder / "tmp").mkdir(exist_ok=True)
    port = port or free_port()
    environment = {**os.environ, "DIGITS_HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), **variables}
    options = ("--server.port", str(port), "--server.headless", "true", *options)
    command = [sys.executable, "scripts/start.py", "--", *options]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=paths.PROJECT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://localhost:{port}"
    try:
        _wait_until_up(address, process, folder / "log")
        yield RunningApp(address, process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_up(address: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)  # there is no other way to learn that a server is up
    raise AssertionError(f"the app did not start within a minute: {log.read_text()}")
