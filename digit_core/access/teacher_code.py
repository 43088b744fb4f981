"""The teacher's code: one secret for the class's teacher, where there is no sign-in by an identity provider.

Guesses are limited for everybody together, so more sessions or addresses give no more of them: 15 a minute
at most, and 1,000 take more than an hour. The limit for each address keeps a single guesser from taking
all of them, and the one for this machine lets the teacher in at its keyboard while many others guess.
"""

import hashlib
import hmac
import math
import os
import secrets
import time
from dataclasses import dataclass
from threading import Lock

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from digit_core.errors import InvalidConfig, LimitReached, NotPermitted
from digit_core.telemetry.events import log_event

VARIABLE = "DIGITS_TEACHER_CODE"
PROCESSES = "DIGITS_APP_PROCESSES"  # that share the code; each allows its part of the guesses
SHORTEST = 8  # characters
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without 0, 1, I and O, which are mistaken for each other
_GROUPS, _GROUP = 3, 4  # 60 bits
_FROM_NETWORK, _FROM_MACHINE = 10, 5  # a minute
_FROM_ADDRESS = RateLimitItemPerMinute(5, 10, "address")


@dataclass(frozen=True)
class Attempt:
    """A code that somebody typed, the network address it came from, and whether that is this machine."""

    code: str
    address: str
    is_local: bool = False


class TeacherCode:
    """The code, and the limits of guessing it; used by the threads of all sessions."""

    def __init__(self, code: str, processes: int = 1) -> None:
        """`processes`: how many have this code, and count guesses each for itself."""
        self.code = code
        self._from_network = _a_minute(_FROM_NETWORK, processes, "network")
        self._from_machine = _a_minute(_FROM_MACHINE, processes, "machine")
        self._digest = _digest(code)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._lock = Lock()

    def check(self, attempt: Attempt) -> None:
        """Return if it is the code. Raises NotPermitted if it is not, LimitReached if too many were tried."""
        self._count(attempt)
        if not hmac.compare_digest(self._digest, _digest(attempt.code)):
            log_event("refused", reason="code")
            raise NotPermitted("This is not the teacher's code. The person who started the app has it.")

    def _count(self, attempt: Attempt) -> None:
        limits: list[tuple[RateLimitItem, str]] = [(self._from_network, ""), (_FROM_ADDRESS, attempt.address)]
        if attempt.is_local:
            limits = [(self._from_machine, "")]
        with self._lock:
            # All are tested before one is counted, so that a refused attempt takes no other's place. And what the
            # test lets through is counted or refused: the two differ just when an earlier attempt is a minute old.
            for is_left in (self._limiter.test, self._limiter.hit):
                for limit, key in limits:
                    if not is_left(limit, key):
                        seconds = self._limiter.get_window_stats(limit, key).reset_time - time.time()
                        log_event("refused", reason="code_limit")
                        raise LimitReached(f"Too many codes were tried. Try again in {_in_words(seconds)}.")


def code_from_environment() -> str | None:
    """The code that the variable `DIGITS_TEACHER_CODE` sets, or None. Raises InvalidConfig if it is too short."""
    code = os.environ.get(VARIABLE, "").strip()
    if code and len(_normalized(code)) < SHORTEST:
        raise InvalidConfig(f"{VARIABLE} must have at least {SHORTEST} characters; leave it out for a random one.")
    return code or None


def _a_minute(times: int, processes: int, name: str) -> RateLimitItem:
    """A process's part of what is allowed in a minute; of many processes each may try once in several minutes."""
    return RateLimitItemPerMinute(max(times // processes, 1), math.ceil(processes / times), name)


def new_code() -> str:
    """A random code, such as K7QM-4XTD-9PVR."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))


def _normalized(code: str) -> str:
    """As typed by a person: case, spaces and dashes do not matter."""
    return "".join(code.replace("-", "").split()).casefold()


def _digest(code: str) -> bytes:
    """Of one length, so that a comparison does not tell the code's."""
    return hashlib.sha256(_normalized(code).encode("utf-8", "replace")).digest()


def _in_words(seconds: float) -> str:
    if seconds > 90:
        return f"{-int(-seconds // 60)} minutes"
    count = max(1, -int(-seconds // 1))
    return "1 second" if count == 1 else f"{count} seconds"
