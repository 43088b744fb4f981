"""The browser windows that are connected: counted, and no new ones once the app is stopping."""

import threading

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

_STREAM = "/_stcore/stream"  # the address of Streamlit's websocket, one for each window


class OpenSessions:
    """How many there are, and whether new ones are accepted; written by the event loop, read by any thread."""

    def __init__(self) -> None:
        self.count = 0
        self._closed = threading.Event()

    def accept_no_more(self) -> None:
        """Refuse new sessions from now on."""
        self._closed.set()

    @property
    def is_stopping(self) -> bool:
        """Whether new sessions are refused."""
        return self._closed.is_set()


SESSIONS = OpenSessions()  # the process's own


class SessionGate:
    """ASGI middleware that counts sessions in `SESSIONS`, and refuses new ones while the app is stopping."""

    def __init__(self, app: ASGIApp, sessions: OpenSessions = SESSIONS) -> None:
        self._app, self._sessions = app, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it would open a session that is refused."""
        if scope["type"] != "websocket" or not scope["path"].endswith(_STREAM):
            return await self._app(scope, receive, send)
        if self._sessions.is_stopping:
            refusal = PlainTextResponse("Digit Lab is being stopped.", status_code=503, headers={"retry-after": "5"})
            return await WebSocket(scope, receive, send).send_denial_response(refusal)
        self._sessions.count += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._sessions.count -= 1
