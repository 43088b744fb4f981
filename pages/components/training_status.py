"""How the training on this machine goes, read from disk at most once a second for all windows."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from threading import Lock

from digit_core.jobs import trainings
from digit_core.jobs.recovery import progress_of
from digit_core.runs.active_run import ActiveRun, read_active
from digit_core.runs.schemas import ACTIVE, Progress
from pages.components.training_html import progress_html

_LIFETIME = 1.0  # seconds that what was read is good for
_TRAINING, _IDLE = 1.0, 5.0  # seconds between two looks of a window, when there are few
_FOR_EACH = 0.01  # seconds to leave for each window's look, which takes 1 ms: all of them take a tenth of the time
_PAGES_PER_SECOND = 4.0  # that are drawn anew because of news; one takes 30 to 60 ms
_FORGOTTEN = 60.0  # seconds after which a window that was not heard of is closed
_MOST_WINDOWS = 1000  # that are counted: anyone can send names of windows


@dataclass(frozen=True)
class TrainingStatus:
    """What the sidebar shows of trainings.

    `job` is the training under way, or else the last one, and `progress` how it goes or went
    (None if that cannot be read). `resumable` is the number of epochs after which one that
    stopped can be resumed, 0 if it cannot. `html` shows the progress of one under way.
    """

    active: ActiveRun
    job: trainings.Job | None = None
    progress: Progress | None = None
    is_training: bool = False
    cancelling: bool = False
    resumable: int = 0
    html: str = ""

    @property
    def ended(self) -> tuple[str, str] | None:
        """The name and state of the last training, if none is under way."""
        if self.is_training or self.progress is None or self.progress.state in ACTIVE:
            return None
        return self.job.name, self.progress.state

    @property
    def panel(self) -> str:
        """A digest of what, when it changes, makes the sidebar worth drawing again."""
        name = self.job.name if self.job and self.is_training else None
        shown = self.active, name, self.cancelling, self.ended, self.resumable
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]

    def changes_pages_since(self, earlier: "TrainingStatus") -> bool:
        """Whether a page that was drawn then has another run or training to show now; not only the sidebar."""
        return self.active != earlier.active or (self.ended is not None and self.ended != earlier.ended)


def read_status() -> TrainingStatus:
    """The status as it stands on disk."""
    active, current = read_active(), trainings.current()
    if current is not None:
        progress, cancelling = current.progress(), current.request().cancel
        return TrainingStatus(
            active, current, progress, is_training=True, cancelling=cancelling, html=progress_html(progress)
        )
    latest = trainings.latest()
    if latest is None:
        return TrainingStatus(active)
    return TrainingStatus(active, latest, progress_of(latest), resumable=trainings.resumable(latest))


class SharedStatus:
    """The last status that was read, for every window; thread-safe."""

    def __init__(
        self, read: Callable[[], TrainingStatus] = read_status, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read, self._clock = read, clock
        self._lock = Lock()
        self._status: TrainingStatus | None = None
        self._taken = 0.0

    def get(self) -> TrainingStatus:
        """The status, at most a second old."""
        with self._lock:
            if self._status is None or self._clock() - self._taken >= _LIFETIME:
                self._status, self._taken = self._read(), self._clock()
            return self._status

    def forget(self) -> None:
        """Have it read again: a person has just changed something and wants to see it."""
        with self._lock:
            self._status = None


class OpenWindows:
    """The windows that were heard of in the last minute, 1,000 at most; thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._heard: dict[str, float] = {}

    def heard(self, window: str) -> int:
        """Note that this window was heard of and return how many there are."""
        now = self._clock()
        with self._lock:
            if window in self._heard or len(self._heard) < _MOST_WINDOWS:
                self._heard[window] = now
            for other in [name for name, when in self._heard.items() if now - when > _FORGOTTEN]:
                del self._heard[other]
            return len(self._heard)


class RateLimit:
    """At most so many permissions a second, and no more than that at once; thread-safe."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._clock = per_second, clock
        self._lock = Lock()
        self._left, self._counted = per_second, clock()

    def allows(self) -> bool:
        """Whether there is a permission left; if so it is taken."""
        with self._lock:
            now = self._clock()
            self._left = min(self._left + (now - self._counted) * self._per_second, self._per_second)
            self._counted = now
            if self._left < 1:
                return False
            self._left -= 1
            return True


def seconds_between_looks(windows: int, *, training: bool) -> float:
    """How long each of so many windows waits from one look to the next, in seconds."""
    return max(_TRAINING if training else _IDLE, windows * _FOR_EACH)


@cache
def shared_status() -> SharedStatus:
    """The process's one `SharedStatus`."""
    return SharedStatus()


@cache
def open_windows() -> OpenWindows:
    """The process's one `OpenWindows`."""
    return OpenWindows()


@cache
def news_limit() -> RateLimit:
    """How often news may have a page drawn anew, of all windows together.

    When a training ends, the pages of a class are drawn anew one by one and not all at once.
    """
    return RateLimit(_PAGES_PER_SECOND)
