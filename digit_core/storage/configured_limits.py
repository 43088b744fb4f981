"""Limits that the person who runs Digit Lab can change with environment variables."""

import math
import os

from digit_core.errors import InvalidConfig


def configured_limit(variable: str, default: float) -> float:
    """The number that an environment variable has, above 0; `default` if it is not set. Raises InvalidConfig."""
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise InvalidConfig(f"{variable} should be a number above 0, got {text!r}; the default is {default:,g}.")
    return value
