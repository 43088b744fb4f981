"""Memory and time that a background process may take, watched by a thread of that process.

Memory is known on Linux only; elsewhere time alone is limited.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from digit_core.storage.configured_limits import configured_limit

MEMORY_VARIABLE, HOURS_VARIABLE = "DIGITS_TRAINING_MEMORY_MB", "DIGITS_TRAINING_HOURS"
Exceeded = Literal["memory", "time"]
_SHARE = 0.75  # of the machine's memory, which app and system need too
_ANY_MACHINE = 16_000  # megabytes, where the platform does not tell how many there are
_PAUSE = 0.25  # seconds between two looks
_CONTAINER_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class ProcessLimits:
    """The most megabytes (10^6 bytes) of memory and seconds of time."""

    megabytes: float
    seconds: float


def memory_limit() -> float:
    """The megabytes that a training or another background task may have. Raises InvalidConfig."""
    return configured_limit(MEMORY_VARIABLE, round(_SHARE * _machine_megabytes(), -2))


def training_limits() -> ProcessLimits:
    """The limits of a training. Raises InvalidConfig."""
    return ProcessLimits(memory_limit(), 3600 * configured_limit(HOURS_VARIABLE, 12))


class LimitWatch(threading.Thread):
    """Calls `exceeded`, once and in its own thread, when this process has exceeded a limit; until `stop`."""

    def __init__(self, limits: ProcessLimits, exceeded: Callable[[Exceeded], None]) -> None:
        super().__init__(name="limits", daemon=True)
        self._limits, self._exceeded, self._stopped = limits, exceeded, threading.Event()

    def run(self) -> None:
        """Watch."""
        deadline = time.monotonic() + self._limits.seconds
        while not self._stopped.wait(min(_PAUSE, max(deadline - time.monotonic(), 0.01))):
            if used_megabytes() > self._limits.megabytes:
                return self._exceeded("memory")
            if time.monotonic() >= deadline:
                return self._exceeded("time")

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()


def used_megabytes() -> float:
    """The memory that this process has in use; 0 where the platform does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, ValueError, IndexError):
        return 0.0


def _machine_megabytes() -> float:
    """The memory of the machine, or of the container that this process is in."""
    found = []
    with suppress(OSError, ValueError, AttributeError):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e6)
    for name in _CONTAINER_FILES:
        with suppress(OSError, ValueError):  # there is none, or it says "max"
            found.append(int(Path(name).read_text()) / 1e6)
    return min(found, default=_ANY_MACHINE)
