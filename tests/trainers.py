"""The trainer's process, as tests that kill it see it."""

import json

from digit_core.jobs import trainings
from digit_core.storage import paths


def trainer_pid() -> int | None:
    """The process that trains on this machine; None if there is none."""
    if trainings.current() is None:
        return None
    return json.loads(paths.machine_lock().read_bytes()[1:])["process"]  # the first byte is the lock's own
