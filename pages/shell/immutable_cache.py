"""Streamlit's own scripts, styles and fonts from memory, compressed once.

Streamlit reads each of the hundred files of a page from disk for every visitor, in threads, and
sends them as they are: 3 ms and 3.5 MB for each visitor of a class that comes in all at once.
"""

import asyncio
import gzip
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SMALLEST = 1000  # bytes: less is not worth the header
_ROOM = 64_000_000  # bytes to keep altogether; a page of the app asks for 1 to 2 MB of files
_COMPRESSIBLE = (b"text/", b"application/javascript", b"application/json", b"image/svg+xml", b"application/wasm")


@dataclass(frozen=True)
class _Answer:
    headers: list[tuple[bytes, bytes]]
    body: bytes


class ImmutableCache:
    """ASGI middleware that keeps what is marked `immutable` in memory: such an address never changes its content."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: dict[tuple[str, bool], _Answer] = {}
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request from memory, or have it answered and keep the answer."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
            return await self._app(scope, receive, send)
        headers = dict(scope["headers"])
        if b"range" in headers:
            return await self._app(scope, receive, send)
        key = scope["path"], b"gzip" in headers.get(b"accept-encoding", b"")
        if kept := self._kept.get(key):
            await send({"type": "http.response.start", "status": 200, "headers": kept.headers})
            return await send({"type": "http.response.body", "body": kept.body})
        start: Message = {}
        parts: list[bytes] = []

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            elif message["type"] == "http.response.body" and _is_immutable(start):
                parts.append(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, send_and_note)
        if parts and self._size < _ROOM and key not in self._kept:
            body = b"".join(parts)
            # In a thread: compressing a large script takes a tenth of a second, in which others are answered.
            kept = await asyncio.to_thread(_compressed, start["headers"], body) if key[1] else None
            self._kept[key] = kept or _Answer(list(start["headers"]), body)
            self._size += len(self._kept[key].body)


def _is_immutable(start: Message) -> bool:
    return start["status"] == 200 and b"immutable" in dict(start["headers"]).get(b"cache-control", b"")


def _compressed(headers: list[tuple[bytes, bytes]], body: bytes) -> _Answer | None:
    """The answer with gzip; None where that is of no use."""
    known = dict(headers)
    if len(body) < _SMALLEST or b"content-encoding" in known:
        return None
    if not known.get(b"content-type", b"").startswith(_COMPRESSIBLE):
        return None
    small = gzip.compress(body, mtime=0)
    kept = [(name, value) for name, value in headers if name not in (b"content-length", b"etag", b"vary")]
    kept += [(b"content-length", b"%d" % len(small)), (b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")]
    return _Answer(kept, small)
