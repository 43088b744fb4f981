"""Which version of Digit Lab this is."""

import os
import subprocess
from functools import cache
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[2]


@cache
def version() -> str:
    """`DIGITS_VERSION`, as an image has it; else the commit of the checkout; "unknown" without git."""
    if named := os.environ.get("DIGITS_VERSION"):
        return named[:40]
    command = ["git", "-C", str(_PROJECT), "describe", "--always"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"
