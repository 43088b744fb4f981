"""What an action costs: seconds of processor time and megabytes, of this process and of those that it waited for.

A limit in seconds is one on a machine that sorts 100,000 numbers in 12 ms; where that takes longer, it is longer too.
"""

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MOST_SECONDS = 1.0
MOST_MEGABYTES = 150.0
_NUMBERS = np.random.default_rng(0).random(100_000).tolist()
_SORTED = 0.012  # seconds, see above
_TRIES = 3


def seconds_here(seconds: float) -> float:
    """The limit of `seconds` on this machine, as fast as it is now."""
    started = time.thread_time()
    sorted(_NUMBERS)
    return seconds * max((time.thread_time() - started) / _SORTED, 1.0)


def is_quick(action: Callable[[], object], seconds: float = MOST_SECONDS) -> bool:
    """Whether this thread does something in at most `seconds` of processor time, at least once in three tries."""
    for _ in range(_TRIES):
        started = time.thread_time()
        action()
        if time.thread_time() - started <= seconds_here(seconds):
            return True
    return False


@dataclass(frozen=True)
class Cost:
    """Seconds of processor time, and megabytes by which the process was larger at most than before."""

    seconds: float
    megabytes: float


def cost_of(action: Callable[[], object]) -> Cost:
    """Do something and say what it cost."""
    forget, start = _forget_peak(), time.process_time()
    before = _megabytes("VmRSS") if forget else _megabytes("VmHWM")
    action()
    return Cost(time.process_time() - start, max(_megabytes("VmHWM") - before, 0.0))


def _forget_peak() -> bool:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _megabytes(name: str) -> float:
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return int(lines[name].split()[0]) / 1000
    except (OSError, KeyError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1e6 if sys.platform == "darwin" else 1e3)
