from pathlib import Path

from pages.shell import page_head
from pages.shell.page_head import PageHead
from tests.pages.test_immutable_cache import get

PAGE = b"<html><head><title>Streamlit</title></head><body>" + b"x" * 3000 + b"</body></html>"


async def server(scope, receive, send):
    """Answers with a page, or with "not modified" and a compressed one to requests that allow these."""
    asked = dict(scope["headers"])
    assert (b"accept-encoding" not in asked and b"if-none-match" not in asked) or scope["path"] != "/"
    kind = b"text/html; charset=utf-8" if scope["path"] == "/" else b"text/javascript"
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(PAGE)), (b"etag", b'"1"')]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for start in range(0, len(PAGE), 1000):
        more = start + 1000 < len(PAGE)
        await send({"type": "http.response.body", "body": PAGE[start : start + 1000], "more_body": more})


def test_style_and_script_are_in_the_page_before_streamlits_own():
    headers, body = get(PageHead(server), "/", accept="text/html,*/*", accept_encoding="gzip", if_none_match='"1"')
    head, rest = body.split(b"</head>")
    assert b"<style>" in head and b"<script>" in head
    assert head.startswith(b"<html><head><title>") and rest in PAGE
    assert b"etag" not in headers  # the browser must not take another page for this one


def test_what_is_no_page_stays_as_it_is():
    headers, body = get(PageHead(server), "/a.js", accept="text/html")
    assert body == PAGE and headers[b"etag"] == b'"1"'
    assert get(PageHead(server), "/", accept="*/*")[1] == PAGE


def test_the_room_for_the_navigation_is_that_of_its_pages():
    pages = len(list(Path(page_head.__file__).parents[1].glob("[a-z]*.py")))
    assert page_head._PAGES == pages > 4
