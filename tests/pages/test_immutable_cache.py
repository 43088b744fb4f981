import asyncio
import gzip
from concurrent.futures import ThreadPoolExecutor

import pytest

from pages.shell.immutable_cache import ImmutableCache

SCRIPT = b"export default 1;" * 500
PNG = bytes(range(256)) * 20


FILES = {
    "/static/a.js": (b"text/javascript; charset=utf-8", b"public, immutable, max-age=31536000", SCRIPT),
    "/static/a.png": (b"image/png", b"public, immutable, max-age=31536000", PNG),
    "/": (b"text/html", b"no-cache", b"<html>" * 500),
}


class Server:
    """An ASGI app with two immutable files and a page; records the requests."""

    def __init__(self):
        self.requests = []

    async def __call__(self, scope, receive, send):
        self.requests.append(scope["path"])
        kind, caching, body = FILES[scope["path"]]
        headers = [(b"content-type", kind), (b"cache-control", caching), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for start in range(0, len(body), 1000):  # in pieces, as files are sent
            more = start + 1000 < len(body)
            await send({"type": "http.response.body", "body": body[start : start + 1000], "more_body": more})


def get(app, path, method="GET", query=b"", **headers):
    """The headers and the body of the answer."""
    sent = []

    async def send(message):
        sent.append(message)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": raw}
    with ThreadPoolExecutor(1) as apart:  # in this one Playwright's loop may be running
        apart.submit(asyncio.run, app(scope, None, send)).result()
    answered = dict(sent[0]["headers"])
    body = b"".join(message["body"] for message in sent[1:])
    assert int(answered.get(b"content-length", len(body))) == len(body)
    return answered, body


@pytest.fixture
def server():
    return Server()


def test_an_immutable_file_is_requested_once_and_then_comes_compressed_from_memory(server):
    cache = ImmutableCache(server)
    for _ in range(3):
        headers, body = get(cache, "/static/a.js", accept_encoding="gzip, br")
    assert server.requests == ["/static/a.js"]
    assert headers[b"content-encoding"] == b"gzip"
    assert headers[b"vary"].lower() == b"accept-encoding"
    assert headers[b"cache-control"] == b"public, immutable, max-age=31536000"
    assert gzip.decompress(body) == SCRIPT


def test_a_client_that_does_not_accept_gzip_gets_none(server):
    cache = ImmutableCache(server)
    get(cache, "/static/a.js", accept_encoding="gzip")
    for _ in range(2):
        headers, body = get(cache, "/static/a.js")
        assert body == SCRIPT
        assert b"content-encoding" not in headers


def test_an_image_is_kept_as_it_is(server):
    cache = ImmutableCache(server)
    for _ in range(2):
        headers, body = get(cache, "/static/a.png", accept_encoding="gzip")
    assert (body, server.requests) == (PNG, ["/static/a.png"])
    assert b"content-encoding" not in headers


@pytest.mark.parametrize(
    "request_",
    [
        {"path": "/"},
        {"path": "/static/a.js", "range": "bytes=0-9"},
        {"path": "/static/a.js", "query": b"v=1"},
        {"path": "/static/a.js", "method": "POST"},
    ],
)
def test_mutable_and_partial_responses_are_never_cached(server, request_):
    cache = ImmutableCache(server)
    for _ in range(2):
        get(cache, **request_)
    assert len(server.requests) == 2
