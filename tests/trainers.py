"""The trainer's process, as tests that kill it see it."""

from digit_core.jobs.machine_lock import lock_owner


def trainer_pid() -> int | None:
    """The number of the trainer's process on this machine; None if there is none."""
    owner = lock_owner()
    return owner.process if owner else None
