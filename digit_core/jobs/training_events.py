"""Notices in the app when a training ends, also one that a command or an earlier app started."""

import threading
import time

from digit_core.jobs import trainings
from digit_core.jobs.recovery import progress_of
from digit_core.runs.schemas import ACTIVE
from digit_core.telemetry.events import log_event

_PAUSE = 2.0  # seconds


class TrainingEvents:
    """Records the end of each training of this home that ends from now on."""

    def __init__(self) -> None:
        self._since = time.time()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="training-events", daemon=True)

    def start(self) -> None:
        """Look every two seconds."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        self._thread.join()

    def look(self) -> None:
        """Record the end of the last training, unless it is recorded already."""
        job = trainings.latest()
        progress = job and progress_of(job)
        if progress is None or progress.state in ACTIVE or progress.updated <= self._since:
            return
        self._since = progress.updated
        seconds = round(progress.updated - progress.started, 1) if progress.started else None
        log_event("training_ended", run=job.name, outcome=progress.state, activated=progress.activated, seconds=seconds)

    def _watch(self) -> None:
        while not self._stopped.wait(_PAUSE):
            self.look()
