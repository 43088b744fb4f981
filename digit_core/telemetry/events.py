"""Events: what happened, by name, for the log and for the figures."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Literal

from digit_core.telemetry import event_log

Value = str | float | bool | None
_receivers: list[Callable[[str, Mapping[str, Value]], None]] = []


def log_event(event: str, *, level: Literal["debug", "info", "warning", "error"] = "info", **fields: Value) -> None:
    """Record that something happened: a name such as "training_started", and what belongs to it.

    Events of level "debug" are counted, but not written to the log. Fields never hold what people drew or
    wrote, nor codes or cookies. Raises nothing.
    """
    for receive in _receivers:
        receive(event, fields)
    with suppress(OSError):  # a full disk stops no one
        event_log.write(getattr(logging, level.upper()), event, fields)


@contextmanager
def predicting(source: str) -> Iterator[None]:
    """Record a prediction and how long it took; nothing if it ends in an error. `source`: where the ink comes from."""
    started = time.perf_counter()
    yield
    log_event("predicted", level="debug", source=source, seconds=time.perf_counter() - started)


def receive_events(receive: Callable[[str, Mapping[str, Value]], None]) -> None:
    """Have `receive` called with every event and its fields, in the thread in which it happens; it must not raise."""
    if receive not in _receivers:
        _receivers.append(receive)
