"""Errors that a page explains to a person are events too."""

from digit_core.errors import (
    DamagedRun,
    DatabaseUnavailable,
    DataDamaged,
    DataUnavailable,
    DigitError,
    StorageError,
    TaskFailed,
    TrainingFailed,
)
from digit_core.telemetry.events import log_event

# What the person who runs the app can do something about. Other messages may quote what a visitor entered.
_FOR_THE_OPERATOR = (
    DamagedRun,
    DataDamaged,
    DatabaseUnavailable,
    DataUnavailable,
    StorageError,
    TaskFailed,
    TrainingFailed,
)


def noted(error: DigitError) -> str:
    """The error's message, to be shown; records that it is."""
    reason = {"reason": str(error)} if isinstance(error, _FOR_THE_OPERATOR) else {}
    log_event("error_shown", level="warning", kind=type(error).__name__, **reason)
    return str(error)
