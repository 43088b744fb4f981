"""While people are drawing, a training leaves one processor to the app, and gives way on the others.

Its low priority does not do that by itself: where Linux schedules by session (`sched_autogroup_enabled`, the usual
setting), priorities count only within one, so the trainer, which has a session of its own, lowers that session's,
see sched(7). The app touches a file when it predicts a drawing, and the trainer looks at it between batches.
"""

import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from digit_core.storage import paths

_DRAWN_RECENTLY = 10.0  # seconds
_TOUCHED_EVERY = 2.0  # seconds
_LOOKED_EVERY = 0.5  # seconds
_SESSION = Path("/proc/self/autogroup")
_NICENESS = 10  # of the session while people are drawing
_touched = 0.0  # when this process last did, in seconds of `time.monotonic`


def note_drawing() -> None:
    """Note that somebody is drawing. Does nothing where that cannot be written: then a training takes what it gets."""
    global _touched
    now = time.monotonic()
    if now - _touched < _TOUCHED_EVERY:
        return
    _touched = now
    with suppress(OSError):
        paths.drawing_signal().parent.mkdir(parents=True, exist_ok=True)
        paths.drawing_signal().touch()


def is_drawn() -> bool:
    """Whether somebody has drawn in the last seconds, in whichever process of the app."""
    try:
        return time.time() - paths.drawing_signal().stat().st_mtime < _DRAWN_RECENTLY
    except OSError:
        return False


def run_on(processors: Collection[int]) -> None:
    """Let all threads of this process run on these processors alone; needs Linux."""
    for thread in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # it has ended
            os.sched_setaffinity(int(thread.name), processors)


def set_session_niceness(niceness: int) -> None:
    """Set the priority of this process's session among all sessions, as far as Linux schedules by session."""
    with suppress(OSError):  # it does not, or another change was a moment ago
        _SESSION.write_text(str(niceness))


class ProcessorSharing:
    """Keeps this process off one of its processors while people are drawing. Does nothing on other systems than Linux.

    `drawn`, `run_on`, `set_niceness` and `clock` are for tests.
    """

    def __init__(
        self,
        drawn: Callable[[], bool] = is_drawn,
        run_on: Callable[[Collection[int]], None] = run_on,
        set_niceness: Callable[[int], None] = set_session_niceness,
        clock: Callable[[], float] = time.monotonic,
        processors: Collection[int] | None = None,
    ) -> None:
        if processors is None and hasattr(os, "sched_getaffinity"):
            processors = os.sched_getaffinity(0)
        self._all = sorted(processors or ())
        self._drawn, self._run_on, self._set_niceness, self._clock = drawn, run_on, set_niceness, clock
        self._shares, self._looked = False, -_LOOKED_EVERY

    def update(self) -> None:
        """Leave a processor or take it back, if that has changed; looks at the file at most twice a second."""
        now = self._clock()
        if now - self._looked < _LOOKED_EVERY:
            return
        self._looked = now
        if (shares := self._drawn()) != self._shares:
            self._set(shares)

    def end(self) -> None:
        """Take all processors again."""
        if self._shares:
            self._set(False)

    def _set(self, shares: bool) -> None:
        self._shares = shares
        self._set_niceness(_NICENESS if shares else 0)
        if len(self._all) > 1:
            self._run_on(self._all[1:] if shares else self._all)
