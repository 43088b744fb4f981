"""The log: one JSON line an event, on standard error or in the file that `DIGITS_LOG` names.

The app writes to either and renames a file that has grown. Other processes (trainings, commands) write to
a file alone, since their standard error is shown to people, and follow it when the app renames it.
"""

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler, WatchedFileHandler
from pathlib import Path

_VARIABLE = "DIGITS_LOG"
_STANDARD_ERROR = "stderr"
_LARGEST, _KEPT = 10_000_000, 5  # bytes of a file, and how many full ones are kept beside it
_OFF = logging.CRITICAL + 1
_logger = logging.getLogger("digit_lab")
_logger.propagate = False


class _JsonLines(logging.Formatter):
    """A JSON object a line: time (UTC, ISO 8601), level, event, process, then the event's fields."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "process": record.process,
        }
        return json.dumps(
            line | {name: value for name, value in record.fields.items() if name not in line}, default=str
        )


def start(*, app: bool) -> str | None:
    """Begin to log as `DIGITS_LOG` says, in the app or in another process; a sentence if that is not possible."""
    stop()
    _logger.setLevel(_OFF)
    target = os.environ.get(_VARIABLE, "")
    if not target or (target == _STANDARD_ERROR and not app):
        return None
    try:
        handler = _handler(target, app)
    except OSError as error:
        return f"There is no log: {target}, which {_VARIABLE} names, cannot be written ({error.strerror})."
    handler.setFormatter(_JsonLines())
    _logger.addHandler(handler)
    _logger.setLevel(logging.INFO)
    return None


def stop() -> None:
    """Close the log; the next event opens it again as a process other than the app does."""
    for handler in list(_logger.handlers):
        _logger.removeHandler(handler)
        handler.close()
    _logger.setLevel(logging.NOTSET)


def write(level: int, event: str, fields: Mapping[str, str | float | bool | None]) -> None:
    """Write an event if the log is on. Raises OSError if its file cannot be opened."""
    if _logger.level == logging.NOTSET:
        start(app=False)
    if _logger.level <= level:
        _logger.log(level, "%s", event, extra={"fields": dict(fields)})


def _handler(target: str, app: bool) -> logging.Handler:
    if target == _STANDARD_ERROR:
        return logging.StreamHandler(sys.stderr)
    path = Path(target).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    if app:
        return RotatingFileHandler(path, maxBytes=_LARGEST, backupCount=_KEPT, encoding="utf-8")
    return WatchedFileHandler(path, encoding="utf-8")
