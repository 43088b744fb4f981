"""Requests over HTTP as a browser makes them: over connections that are kept, a page's files six at a time."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

_CONNECTIONS = 6  # what Chromium opens to one host over HTTP/1.1
_TIMEOUT = 120.0  # seconds for one file
_HEADERS = "Accept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nConnection: keep-alive\r\n"


@dataclass(frozen=True)
class Fetched:
    """What came over the network: the number of answers, their bytes with headers, and the answers other than 200."""

    requests: int = 0
    received: int = 0
    failed: int = 0

    def __add__(self, other: "Fetched") -> "Fetched":
        return Fetched(self.requests + other.requests, self.received + other.received, self.failed + other.failed)


async def fetch(address: str, paths: Iterable[str]) -> Fetched:
    """Fetch the paths from `address` (`http://host:port`), in their order."""
    waiting = deque(paths)
    return sum(
        await asyncio.gather(*(_drain(address, waiting) for _ in range(min(_CONNECTIONS, len(waiting))))), Fetched()
    )


async def _drain(address: str, waiting: deque[str]) -> Fetched:
    got = Fetched()
    async with Connection(address) as connection:
        while waiting:
            path = waiting.popleft()
            try:
                status, _, size = await connection.get(path)
                got += Fetched(1, size, int(status != 200))
            except (TimeoutError, OSError, asyncio.IncompleteReadError):
                got += Fetched(requests=1, failed=1)
    return got


class Connection:
    """One connection to a server, opened when it is needed and kept."""

    def __init__(self, address: str) -> None:
        self._host, self._port = urlsplit(address).hostname, urlsplit(address).port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> "Connection":
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._close()

    async def get(self, path: str) -> tuple[int, bytes, int]:
        """The status, the body as it was sent, and the bytes with headers. Raises TimeoutError or OSError."""
        request = f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n{_HEADERS}\r\n".encode()
        for kept in (self._writer is not None, False):
            try:
                async with asyncio.timeout(_TIMEOUT):
                    if self._writer is None:
                        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
                    self._writer.write(request)
                    return await _answer(self._reader)
            except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
                await self._close()
                if kept and not isinstance(error, TimeoutError):
                    continue  # the server closed it because it was idle, as servers do
                raise
        raise AssertionError("unreachable")

    async def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
            self._writer = None


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes, int]:
    head = await reader.readuntil(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = await _chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(status.split()[1]), body, len(head) + len(body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while True:
        size = int((await reader.readline()).split(b";")[0], 16)
        part = await reader.readexactly(size + 2)
        if not size:
            return b"".join(parts)
        parts.append(part[:-2])
