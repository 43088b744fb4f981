"""HTTP requests as a browser makes them: persistent connections, six files at a time."""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Iterable
from urllib.parse import urlsplit

_CONNECTIONS = 6  # what Chromium opens to one host over HTTP/1.1
_TIMEOUT = 120.0  # seconds for one file
FAILURES = (TimeoutError, OSError, asyncio.IncompleteReadError)  # of a request
_HEADERS = "Accept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nConnection: keep-alive\r\n"


async def fetch(address: str, paths: Iterable[str], counts: Counter[str]) -> None:
    """Fetch the paths from `address` (`http://host:port`), in their order; adds to `bytes` and `failed` in `counts`."""
    waiting = deque(paths)

    async def fetch_waiting() -> None:
        async with contextlib.aclosing(Connection(address)) as connection:
            while waiting:
                try:
                    status, _, size = await connection.get(waiting.popleft())
                except FAILURES:
                    status, size = 0, 0
                counts.update(bytes=size, failed=status != 200)

    await asyncio.gather(*(fetch_waiting() for _ in range(min(_CONNECTIONS, len(waiting)))))


class Connection:
    """One persistent connection to a server, opened when it is first needed; `cookie` is sent with each request."""

    def __init__(self, address: str, cookie: str = "") -> None:
        self._host, self._port = urlsplit(address).hostname, urlsplit(address).port
        self._cookie = f"Cookie: {cookie}\r\n" if cookie else ""
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> tuple[int, bytes, int]:
        """The status, the encoded body, and the number of bytes with headers. Raises one of FAILURES."""
        request = f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n{self._cookie}{_HEADERS}\r\n".encode()
        for is_reused in (self._writer is not None, False):
            try:
                async with asyncio.timeout(_TIMEOUT):
                    if self._writer is None:
                        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
                    self._writer.write(request)
                    return await _answer(self._reader)
            except FAILURES as error:
                await self.aclose()
                if not is_reused or isinstance(error, TimeoutError):
                    raise  # otherwise the server closed the idle connection: try again with a new one
        raise AssertionError("unreachable")

    async def aclose(self) -> None:
        """Close the connection; `get` opens another one."""
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
