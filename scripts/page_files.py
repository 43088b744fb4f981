"""The static files of a page, fetched as a browser does: over connections that are kept, six at a time."""

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
    connections = min(_CONNECTIONS, len(waiting))
    return sum(await asyncio.gather(*(_drain(address, waiting) for _ in range(connections))), Fetched())


async def _drain(address: str, waiting: deque[str]) -> Fetched:
    host, port, got = urlsplit(address).hostname, urlsplit(address).port, Fetched()
    reader, writer = await asyncio.open_connection(host, port)
    try:
        while waiting:
            path = waiting.popleft()
            try:
                async with asyncio.timeout(_TIMEOUT):
                    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{_HEADERS}\r\n".encode())
                    got += await _answer(reader)
            except (TimeoutError, OSError, asyncio.IncompleteReadError):
                writer.close()
                got += Fetched(requests=1, failed=1)
                reader, writer = await asyncio.open_connection(host, port)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return got


async def _answer(reader: asyncio.StreamReader) -> Fetched:
    head = await reader.readuntil(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        size = await _chunks(reader)
    else:
        size = len(await reader.readexactly(int(headers.get("content-length", 0))))
    return Fetched(1, len(head) + size, int(status.split()[1] != "200"))


async def _chunks(reader: asyncio.StreamReader) -> int:
    total = 0
    while True:
        line = await reader.readline()
        size = int(line.split(b";")[0], 16)
        await reader.readexactly(size + 2)
        total += len(line) + size + 2
        if not size:
            return total
