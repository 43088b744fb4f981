"""`/healthz`: whether the app can predict, for a load balancer; and whether it can store."""

import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse

from digit_core.errors import DatabaseUnavailable, DigitError
from digit_core.runs.active_run import read_active
from digit_core.storage import paths
from digit_core.telemetry.events import log_event
from digit_core.telemetry.version import version
from pages.components.cached import active_recognizer
from pages.shell.open_sessions import SESSIONS

PATH = "/healthz"
_LIFETIME = 5.0  # seconds: anyone may ask, and as often as they like
_OK = "ok"
_PROBE = b"x" * 4096
_noted: dict[str, str] = {}  # what the log says of each check already


@dataclass(frozen=True)
class Health:
    """What was checked: "ok" or a sentence each. Sentences never hold an address or a path: anyone may read them."""

    model: str
    home: str
    database: str
    checked: float = field(default_factory=time.monotonic)

    @property
    def can_predict(self) -> bool:
        """Without a place to store things people can still draw and see predictions."""
        return self.model == _OK


def check() -> Health:
    """Check now. May take seconds if a database does not answer."""
    return Health(_sentence("model", _model), _sentence("home", _home), _sentence("database", _database))


class SharedHealth:
    """The health, at most some seconds old; thread-safe."""

    def __init__(self, check: Callable[[], Health] = check) -> None:
        self._check = check
        self._lock = threading.Lock()
        self._health: Health | None = None

    def get(self) -> Health:
        """The health; one thread checks, the others wait for it."""
        with self._lock:
            if self._health is None or time.monotonic() - self._health.checked > _LIFETIME:
                self._health = self._check()
            return self._health


_shared = SharedHealth()


def respond(_request: Request) -> JSONResponse:
    """200 if the app can predict, else 503 with the reasons. Called in a thread of its own."""
    health = _shared.get()
    reasons = [] if health.can_predict else [health.model]
    if SESSIONS.is_stopping:
        reasons.append("The app is stopping.")
    status = "stopping" if SESSIONS.is_stopping else _OK if health.can_predict else "unavailable"
    body = {
        "status": status,
        "version": version(),
        "active_run": read_active().run,
        "checks": {"model": health.model, "home": health.home, "database": health.database},
        "reasons": reasons,
    }
    return JSONResponse(body, 503 if reasons else 200, headers={"cache-control": "no-store"})


def _sentence(name: str, check_one: Callable[[], str]) -> str:
    """What `check_one` returns; the details of an error are for the log alone."""
    try:
        sentence = check_one()
    except (DigitError, OSError) as error:
        _note(name, str(error))
        return f"The {name} cannot be used; the log has the reason."
    if sentence == _OK:
        _noted.pop(name, None)
    return sentence


def _note(name: str, reason: str) -> None:
    """Log a reason once, however often it is asked for."""
    if _noted.get(name) != reason:
        _noted[name] = reason
        log_event("check_failed", level="error", check=name, reason=reason)


def _model() -> str:
    _, problem = active_recognizer()
    if problem:  # people draw all the same, with the shipped run
        _note("active run", problem)
    return _OK


def _home() -> str:
    home = paths.home()
    if home.is_dir():
        with tempfile.TemporaryFile(dir=home) as probe:  # without a name: nothing is left if this is killed
            probe.write(_PROBE)
        return _OK
    parent = next(folder for folder in (home, *home.parents) if folder.exists())
    return _OK if parent.is_dir() and os.access(parent, os.W_OK) else "The home cannot be created."


def _database() -> str:
    if not os.environ.get("DIGITS_DATABASE_URL") and not paths.database_file().exists():
        return _OK  # it is created in the home when something is stored
    from sqlalchemy import text

    from digit_core.storage.database import reading

    try:
        with reading() as connection:
            connection.execute(text("SELECT 1"))
    except DatabaseUnavailable as error:
        _note("database", str(error))
        return "The database cannot be used; labels wait for it."
    return _OK
