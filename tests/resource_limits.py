"""What an action costs: seconds of processor time and megabytes, of this process and of those that it waited for."""

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MOST_SECONDS = 1.0
MOST_MEGABYTES = 150.0


@dataclass(frozen=True)
class Cost:
    """Seconds of processor time, and megabytes by which the process was larger at most than before."""

    seconds: float
    megabytes: float

    @property
    def is_allowed(self) -> bool:
        return self.seconds <= MOST_SECONDS and self.megabytes <= MOST_MEGABYTES


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
