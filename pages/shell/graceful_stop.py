"""SIGTERM and Ctrl-C: no new sessions, the answers under way, then the end. A second signal ends the app at once.

The web server would close every connection at the signal, and with it lose the answers under way.
"""

import asyncio
import signal
import threading
from collections.abc import Callable

from digit_core.telemetry.events import log_event
from pages.shell.open_sessions import SESSIONS

_MOST_SECONDS = 5  # for the answers under way; and then for the web server to close connections
_SCRIPT_THREAD = "ScriptRunner.scriptThread"  # Streamlit's name for the thread of a script that is running
_tasks: set[asyncio.Task] = set()  # the event loop keeps no reference


def finish_answers_at_signals() -> None:
    """From now on signals end the app gracefully; called in the event loop of the web server."""
    loop = asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():  # signals arrive in the main thread alone
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        stop_server = signal.getsignal(number)
        if not callable(stop_server):
            continue
        # A method of uvicorn's server, which waits for connections to close for ever unless it is told otherwise.
        config = getattr(getattr(stop_server, "__self__", None), "config", None)
        if getattr(config, "timeout_graceful_shutdown", 0) is None:
            config.timeout_graceful_shutdown = _MOST_SECONDS
        signal.signal(number, _handler(loop, stop_server))


def _handler(loop: asyncio.AbstractEventLoop, stop_server: Callable) -> Callable:
    def handle(number, frame) -> None:
        if SESSIONS.is_stopping:
            stop_server(number, frame)
            return
        SESSIONS.accept_no_more()
        loop.call_soon_threadsafe(lambda: _tasks.add(loop.create_task(finish(lambda: stop_server(number, frame)))))

    return handle


async def finish(stop_server: Callable[[], None]) -> None:
    """Wait for the answers under way, some seconds at most, then call `stop_server`."""
    log_event("app_stopping", sessions=SESSIONS.count)
    deadline = asyncio.get_running_loop().time() + _MOST_SECONDS
    while scripts_running() and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.05)  # Streamlit tells of the end of a script to no one outside of it
    await asyncio.sleep(0.1)  # what the scripts have sent is on its way to the browsers
    stop_server()


def scripts_running() -> int:
    """How many sessions are being answered."""
    return sum(thread.name == _SCRIPT_THREAD for thread in threading.enumerate())
