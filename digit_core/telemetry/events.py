"""Events: one line each in the log, and figures for monitoring."""

import logging

_LOGGER = logging.getLogger("digit_lab")


def log_event(event: str, **fields: str | float | bool | None) -> None:
    """Record that something happened: a name such as "training_started", and what belongs to it.

    Fields never hold what people drew or wrote. Raises nothing.
    """
    _LOGGER.info(event, extra={"fields": fields})
