"""How often people may do what costs others time or room: limits that a class does not meet.

The counts are kept in memory, in a moving window, by session and by network address: a client gets another
session at no cost, but not another address, and a class may share one. A command has no limits: who can run it
can do everything anyway.
"""

import time
from dataclasses import dataclass
from functools import cached_property

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from digit_core.access.actors import COMMAND, current_actor
from digit_core.errors import LimitReached
from digit_core.telemetry.events import log_event

_SESSIONS = 20  # that may do at once, from one address, as much as one session may
_LIMITER = SlidingWindowCounterRateLimiter(MemoryStorage())


@dataclass(frozen=True)
class RateLimit:
    """A limit: `what` people do, in the plural, such as "pictures"; `rates` in the notation of the library `limits`."""

    what: str
    rates: str

    @cached_property
    def _items(self) -> list[RateLimitItem]:
        return parse_many(self.rates)

    def count(self, times: int = 1) -> None:
        """Count that the person does it now. Raises LimitReached, and then counts nothing."""
        actor = current_actor()
        if actor == COMMAND or times <= 0:
            return
        counted = [(item, actor.key, "in one session") for item in self._items]
        if actor.address:
            counted += [(_for_address(item), actor.address, "from one network address") for item in self._items]
        for item, key, place in counted:
            if not _LIMITER.test(item, self.what, key, cost=times):
                log_event("refused", reason="rate", action=self.what)
                seconds = max(_LIMITER.get_window_stats(item, self.what, key).reset_time - time.time(), 1)
                raise LimitReached(
                    f"At most {item.amount:,} {self.what} {_period(item)} are allowed {place}; try again "
                    f"{_later(seconds)}."
                )
        for item, key, _ in counted:
            _LIMITER.hit(item, self.what, key, cost=times)


def _for_address(item: RateLimitItem) -> RateLimitItem:
    return type(item)(item.amount * _SESSIONS, item.multiples, "address")


def _period(item: RateLimitItem) -> str:
    return {1: "a second", 60: "a minute", 3600: "an hour", 86400: "a day"}[item.get_expiry()]


def _later(seconds: float) -> str:
    if seconds < 90:
        return f"in {seconds:.0f} seconds"
    return f"in {seconds / 60:.0f} minutes" if seconds < 5400 else f"in {seconds / 3600:.0f} hours"


PICTURES = RateLimit("pictures", "1000/minute; 10000/hour")
LABELS = RateLimit("labels", "600/minute; 10000/hour")
TRAININGS = RateLimit("trainings", "10/minute; 100/hour")
EXPORTS = RateLimit("exports and measurements", "30/minute; 300/hour")
IMPORTS = RateLimit("imports", "10/minute; 100/hour")
