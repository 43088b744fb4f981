"""Keeps processes running: one that ends is started again, until all are stopped."""

import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

_LOOK_SECONDS = 0.2
_BETWEEN_STARTS = 3.0  # seconds; one that ends at once is not started without end
_ENDING_SECONDS = 15  # from SIGTERM to SIGKILL


@dataclass
class Supervised:
    """A process by the function that starts it; `started` is on the monotonic clock."""

    name: str
    start: Callable[[], subprocess.Popen]
    process: subprocess.Popen = field(init=False)
    started: float = field(init=False)

    def __post_init__(self):
        self.restart()

    def restart(self) -> None:
        """Start it, or start it again."""
        self.process, self.started = self.start(), time.monotonic()


def supervise(everything: list[Supervised], stopped: threading.Event, report: Callable[[str], None]) -> None:
    """Restart what ends, until `stopped` is set; returns when that is so."""
    reported: set[int] = set()
    while not stopped.wait(_LOOK_SECONDS):
        for each in everything:
            code = each.process.poll()
            if code is None:
                continue
            if each.process.pid not in reported:
                reported.add(each.process.pid)
                report(f"{each.name} has ended (exit code {code}); it is started again.")
            if time.monotonic() - each.started >= _BETWEEN_STARTS:
                each.restart()


def stop(everything: list[Supervised]) -> None:
    """Ask the processes to end, the last one first, and kill those that are still there seconds later."""
    for each in reversed(everything):
        with suppress(ProcessLookupError):
            each.process.terminate()
    deadline = time.monotonic() + _ENDING_SECONDS
    for each in everything:
        try:
            each.process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            each.process.kill()
            each.process.wait()
