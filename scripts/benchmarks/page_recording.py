"""The requests of a real browser that opens the app, draws and goes from page to page: recorded once, sent by many."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Response
from streamlit.proto.BackMsg_pb2 import BackMsg

from scripts.benchmarks.browser_actions import draw, expect_prediction, settled


@dataclass(frozen=True)
class Visit:
    """Opening a page: the websocket message, and the static files that are fetched the first time."""

    message: bytes
    files: tuple[str, ...]


@dataclass(frozen=True)
class Recording:
    """What Chromium requested, with an empty cache.

    `files_before` are fetched before the websocket is open, the files of `opening` after it. `under_way` is
    a message of a stroke under way, `stroke` that of a pen lift, `visits` are the other pages by name, `back`
    is the message that returns to the canvas.
    """

    files_before: tuple[str, ...]
    opening: Visit
    under_way: bytes
    stroke: bytes
    visits: dict[str, Visit]
    back: bytes


def record(browser: Browser, address: str, first_content: dict[str, str]) -> Recording:
    """Open pages of the app once in a new window, the canvas first.

    `first_content` maps names of pages, "Draw" among them, to a selector of their content; empty for the canvas alone.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    files, sent, connected = [], [], []

    def connect(socket) -> None:
        if "/_stcore/stream" in socket.url:
            connected.append(len(files))
            socket.on("framesent", lambda frame: sent.append(frame))  # Playwright takes no built-in function

    page.on("websocket", connect)
    page.on("response", lambda response: files.append(response) if _is_file(response, address) else None)
    page.goto(address)
    draw(page, [(60, 60), (190, 60), (120, 220)])
    expect_prediction(page, "7")
    settled(page)
    opening, *_ = _reruns(sent)
    under_way = next(message for message in _reruns(sent) if b'"points"' in message)
    stroke = next(message for message in _reruns(sent) if b"-canvas" in message)  # a drawing among the widgets' states
    page.wait_for_load_state("networkidle")
    paths = _paths(files)

    def go_to(name: str) -> Visit:
        files_before, sent_before = len(files), len(sent)
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
        page.locator("h1", has_text=name).wait_for()
        page.locator(first_content[name]).first.wait_for()
        settled(page)
        page.wait_for_load_state("networkidle")
        whole_page = (m for m in _reruns(sent[sent_before:]) if not BackMsg.FromString(m).rerun_script.fragment_id)
        return Visit(next(whole_page), tuple(_paths(files[files_before:])))

    visits = {name: go_to(name) for name in first_content if name != "Draw"}
    back = go_to("Draw").message if visits else b""
    context.close()
    before = connected[0]
    return Recording(tuple(paths[:before]), Visit(opening, tuple(paths[before:])), under_way, stroke, visits, back)


def _reruns(sent: list[bytes]) -> list[bytes]:
    return [message for message in sent if BackMsg.FromString(message).WhichOneof("type") == "rerun_script"]


def _is_file(response: Response, address: str) -> bool:
    # Media belong to the session that they were created for.
    return response.url.startswith(address) and response.status == 200 and "/media/" not in response.url


def _paths(responses: list[Response]) -> list[str]:
    split = [urlsplit(response.url) for response in responses]
    return [f"{url.path}?{url.query}" if url.query else url.path for url in split]
