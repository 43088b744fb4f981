"""The trainer's process, for tests that kill it."""

import json

from digit_core.jobs import trainings
from digit_core.storage import paths


def trainer_pid() -> int | None:
    """The number of the process that trains on this machine, or None."""
    if trainings.current() is None:
        return None
    return json.loads(paths.machine_lock().read_bytes()[1:])["process"]  # the first byte is the lock's own
