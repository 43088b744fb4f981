"""The status of the training on this machine, read from disk at most once a second for all windows."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from threading import Lock, Thread

from digit_core.jobs import trainings
from digit_core.jobs.recovery import progress_of
from digit_core.jobs.training_queue import queued_jobs
from digit_core.runs.active_run import ActiveRun, read_active
from digit_core.runs.schemas import ACTIVE, Progress
from pages.components.training_html import progress_html

_LIFETIME = 1.0  # seconds for which a status is valid
_TRAINING, _IDLE = 1.0, 5.0  # seconds between two polls of a window, when there are few
_PER_WINDOW = 0.02  # seconds for each window's poll, which takes 1 ms: all of them take a twentieth of the time
_RERUNS_PER_SECOND = 4.0  # of pages, because of a change; one takes 30 to 60 ms
_CLOSED_AFTER = 60.0  # seconds without a poll
_MOST_WINDOWS = 1000  # that are counted: anyone can send names of windows
_Clock = Callable[[], float]


@dataclass(frozen=True)
class TrainingStatus:
    """What the sidebar shows of trainings.

    `job` is the running training, or else the last one, and `progress` its progress (None if that
    cannot be read). `resumable` is the number of epochs after which a stopped one can be resumed,
    0 if it cannot. `window` started it, and `cancelled_by` cancelled it; empty if no window did. `html`
    shows the progress of a running one. `queue` are the trainings that wait, the next one first.
    """

    active: ActiveRun
    job: trainings.Job | None = None
    progress: Progress | None = None
    is_training: bool = False
    cancelling: bool = False
    resumable: int = 0
    window: str = ""
    cancelled_by: str = ""
    html: str = ""
    queue: tuple[trainings.Job, ...] = ()

    @property
    def is_busy(self) -> bool:
        """Whether a training that is requested now has to wait."""
        return self.is_training or bool(self.queue)

    @property
    def ended(self) -> tuple[str, str] | None:
        """The name and state of the last training, if none is running."""
        if self.is_training or self.progress is None or self.progress.state in ACTIVE:
            return None
        return self.job.name, self.progress.state

    @property
    def digest(self) -> str:
        """Changes whenever the sidebar has to be drawn again; not with the progress itself."""
        name = self.job.name if self.job and self.is_training else None
        shown = self.active, name, self.cancelling, self.ended, self.resumable, self.queue
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]

    def outdates(self, page: str, earlier: "TrainingStatus") -> bool:
        """Whether the page of that name, drawn at `earlier`, has to be drawn again, and not only the sidebar.

        The Draw page predicts with the active model, and the Runs page lists all runs. On every other
        page a person looks at a run that they chose, which stays.
        """
        if page == "draw":
            return self.active != earlier.active
        return page == "runs" and (self.active != earlier.active or self.ended != earlier.ended)


def read_status() -> TrainingStatus:
    """The status on disk."""
    active, current, queue = read_active(), trainings.current(), tuple(queued_jobs())
    if current is not None:
        progress, request = current.progress(), current.request()
        return TrainingStatus(
            active,
            current,
            progress,
            is_training=True,
            cancelling=request.cancel,
            window=request.window,
            html=progress_html(progress),
            queue=queue,
        )
    if queue:  # the trainer before it was killed
        Thread(target=trainings.start_next, name="training-queue", daemon=True).start()
    latest = trainings.latest()
    if latest is None:
        return TrainingStatus(active, queue=queue)
    request, left = latest.request(), trainings.resumable(latest)
    return TrainingStatus(
        active,
        latest,
        progress_of(latest),
        resumable=left,
        window=request.window,
        cancelled_by=request.cancelled_by,
        queue=queue,
    )


class SharedStatus:
    """The status for every window; thread-safe."""

    def __init__(self, read: Callable[[], TrainingStatus] = read_status, clock: _Clock = time.monotonic) -> None:
        self._read, self._clock = read, clock
        self._lock = Lock()
        self._status: TrainingStatus | None = None
        self._read_at = 0.0

    def get(self) -> TrainingStatus:
        """The status, at most a second old."""
        with self._lock:
            if self._status is None or self._clock() - self._read_at >= _LIFETIME:
                self._status, self._read_at = self._read(), self._clock()
            return self._status

    def invalidate(self) -> None:
        """Read it again next time, after a change made in this process."""
        with self._lock:
            self._status = None


class OpenWindows:
    """The windows that polled in the last minute, 1,000 at most; thread-safe."""

    def __init__(self, clock: _Clock = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._polled: dict[str, float] = {}

    def poll_seconds(self, window: str, *, training: bool) -> float:
        """Note that this window polled; returns how long each open one waits until it polls again, in seconds."""
        now = self._clock()
        with self._lock:
            self._polled = {name: at for name, at in self._polled.items() if now - at <= _CLOSED_AFTER}
            if window in self._polled or len(self._polled) < _MOST_WINDOWS:
                self._polled[window] = now
            return max(_TRAINING if training else _IDLE, len(self._polled) * _PER_WINDOW)


class RateLimit:
    """A token bucket: so many permits a second, and no more than that at once; thread-safe."""

    def __init__(self, per_second: float, clock: _Clock = time.monotonic) -> None:
        self._per_second, self._clock = per_second, clock
        self._lock = Lock()
        self._left, self._refilled = per_second, clock()

    def allows(self) -> bool:
        """Take a permit; False if there is none left."""
        with self._lock:
            now = self._clock()
            self._left = min(self._left + (now - self._refilled) * self._per_second, self._per_second)
            self._refilled = now
            allowed = self._left >= 1
            if allowed:
                self._left -= 1
            return allowed


# One of each in a process.
shared_status = cache(SharedStatus)
open_windows = cache(OpenWindows)


@cache
def rerun_limit() -> RateLimit:
    """Limits the reruns of pages after a change: when a training ends, the pages of a class rerun one by one."""
    return RateLimit(_RERUNS_PER_SECOND)
