"""The memory that an action takes, independent of other processes."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest


def memory_growth(action: Callable[[], object]) -> float:
    """Megabytes by which the process was larger at most while it was done than before."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux says how large a process has been since a moment")
    Path("/proc/self/clear_refs").write_text("5")  # forgets how large it has been
    before = _largest_megabytes()
    action()
    return _largest_megabytes() - before


def _largest_megabytes() -> float:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1000
