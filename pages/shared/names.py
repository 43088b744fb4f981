"""What runs and spans of time are called on screen."""

import re
from datetime import datetime

from digit_core.records.presets import PRESETS
from digit_core.records.runs import SHIPPED

_RUN_NAME = re.compile(r"(\d{8}-\d{6})-([a-z0-9-]+?)(-\d+)?")


def run_title(name: str) -> str:
    """A run's name as a person says it: "Quick, 21 Nov 14:05"; names of another form stay as they are."""
    if name == SHIPPED:
        return "the shipped model"
    match = _RUN_NAME.fullmatch(name)
    preset = PRESETS.get(match[2].replace("-", "_")) if match else None
    if preset is None:
        return name
    return f"{preset.title}, {datetime.strptime(match[1], '%Y%m%d-%H%M%S'):%d %b %H:%M:%S}"


def duration(seconds: float) -> str:
    """A span of time in one unit: "4.2 s", "42 s", "7 min", "3.5 h", "4 days"."""
    if 0 < seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"
