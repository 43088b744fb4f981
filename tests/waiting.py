"""Waiting for what another process does."""

import time


def wait_for(condition, seconds=90):
    """The first true value of `condition()`, asked twenty times a second: more often would slow what it waits for."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return result
