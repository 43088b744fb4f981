"""While people are drawing, a training leaves one processor to the app.

Its low priority does not do that by itself: where the system schedules by session, as many desktops
do, priorities count only within one. The app touches a file when it predicts a drawing, and the
trainer looks at it between batches.
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


class ProcessorSharing:
    """Keeps this process off one of its processors while people are drawing. Does nothing on other systems than Linux.

    `drawn`, `run_on` and `clock` are for tests.
    """

    def __init__(
        self,
        drawn: Callable[[], bool] = is_drawn,
        run_on: Callable[[Collection[int]], None] = run_on,
        clock: Callable[[], float] = time.monotonic,
        processors: Collection[int] | None = None,
    ) -> None:
        if processors is None and hasattr(os, "sched_getaffinity"):
            processors = os.sched_getaffinity(0)
        self._all = sorted(processors or ())
        self._drawn, self._run_on, self._clock = drawn, run_on, clock
        self._shares, self._looked = False, -_LOOKED_EVERY

    def update(self) -> None:
        """Leave a processor or take it back, if that has changed; looks at the file at most twice a second."""
        now = self._clock()
        if len(self._all) < 2 or now - self._looked < _LOOKED_EVERY:
            return
        self._looked = now
        if (shares := self._drawn()) != self._shares:
            self._shares = shares
            self._run_on(self._all[1:] if shares else self._all)

    def end(self) -> None:
        """Take all processors again."""
        if self._shares:
            self._shares = False
            self._run_on(self._all)
