"""Stores what people say, at once or when the database is back.

While the database is away, what was to be stored waits in memory, in a queue of limited length, and
a thread tries again. Only what `save` calls stored is certain to survive the end of the process.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from digit_core.access.rate_limits import LABELS
from digit_core.drawings import store
from digit_core.drawings.labelled import Drawing, Label
from digit_core.errors import DatabaseUnavailable, LimitReached

MOST_WAITING = 1000  # changes
_PAUSE = 5.0  # seconds between two attempts
_AT_ONCE = 50  # changes in one transaction


@dataclass(frozen=True)
class Change:
    """What is stored together: drawings and labels, either of which may be none."""

    drawings: Sequence[Drawing] = ()
    labels: Sequence[Label] = ()


@dataclass(frozen=True)
class Waiting:
    """How many changes wait to be stored, and why, as a sentence."""

    count: int = 0
    reason: str = ""


class Writer:
    """Stores changes in the order in which they come; used by the threads of all sessions."""

    def __init__(self, add: Callable[..., None] = store.add, pause: float = _PAUSE) -> None:
        """`add` stores drawings and labels, as `store.add` does; `pause` in seconds between two attempts."""
        self._add, self._pause = add, pause
        self._queue: deque[Change] = deque()
        self._reason = ""
        self._lock = threading.Lock()
        self._hurry = threading.Event()
        self._retrying: threading.Thread | None = None

    def save(self, change: Change) -> bool:
        """Store a change: True if it is stored, False if it waits for the database.

        Raises LimitReached for too many drawings or labels, and DatabaseUnavailable if the database is away and
        the queue is full.
        """
        LABELS.count(len(change.labels))
        with self._lock:
            if not self._queue:
                reason = ""
            elif len(self._queue) < MOST_WAITING:
                reason = self._reason  # it has to wait for its turn, and nobody has to wait for the database
            else:
                raise DatabaseUnavailable(
                    f"{self._reason} {MOST_WAITING:,} labels wait for it already, so this one was not kept."
                )
        if not reason:
            try:
                self._add(change.drawings, change.labels)
                return True
            except DatabaseUnavailable as error:
                reason = str(error)
        with self._lock:
            self._reason = reason
            self._queue.append(change)
            if self._retrying is None:
                self._retrying = threading.Thread(target=self._retry, name="drawings-writer", daemon=True)
                self._retrying.start()
        return False

    def waiting(self) -> Waiting:
        """What waits now."""
        with self._lock:
            return Waiting(len(self._queue), self._reason if self._queue else "")

    def wait(self, seconds: float) -> bool:
        """Wait until everything is stored, for at most so many seconds; whether it is."""
        if thread := self._retrying:
            thread.join(seconds)
        return not self.waiting().count

    def flush(self, seconds: float) -> bool:
        """As `wait`, and without the pause before the next attempt: the process is about to end."""
        self._hurry.set()
        return self.wait(seconds)

    def _retry(self) -> None:
        while True:
            with self._lock:
                some = [self._queue[place] for place in range(min(len(self._queue), _AT_ONCE))]
                if not some:
                    self._retrying = None
                    return
            try:
                self._add_all(some)
            except DatabaseUnavailable as error:
                self._reason = str(error)
                self._hurry.wait(self._pause)
                self._hurry.clear()  # one attempt at once, then as before
                continue
            with self._lock:
                for _ in some:
                    self._queue.popleft()

    def _add_all(self, changes: Sequence[Change]) -> None:
        """Store changes together; if somebody has too many drawings, each by itself, and that person's not at all."""
        try:
            self._add(
                [drawing for change in changes for drawing in change.drawings],
                [label for change in changes for label in change.labels],
            )
        except LimitReached:
            for change in changes if len(changes) > 1 else ():
                self._add_all([change])


WRITER = Writer()  # the process's own
