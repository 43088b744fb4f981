"""Waiting for another process."""

import time


def wait_for(condition, seconds=300):
    """The first true value of `condition()`, checked 20 times a second so as not to slow down the other process."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        time.sleep(0.05)
    return result
