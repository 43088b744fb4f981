"""What a real browser asks for when it opens the app, draws and goes from page to page; recorded once, sent by many."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg


@dataclass(frozen=True)
class Visit:
    """Going to a page: the message over the websocket, and the static files that are fetched the first time."""

    message: bytes
    files: tuple[str, ...]


@dataclass(frozen=True)
class Recording:
    """What Chromium asked for, with an empty cache.

    `files_before` are fetched before the websocket is open, the files of `opening` after it;
    `visits` has the other pages by name, `back` is the way from any of them to the canvas.
    """

    files_before: tuple[str, ...]
    opening: Visit
    stroke: bytes
    visits: dict[str, Visit]
    back: bytes


def record(browser, address: str, first_content: dict[str, str]) -> Recording:
    """Open pages of the app once in a new window, the canvas first.

    `first_content` has a selector for each of the other pages, by its name, and for "Draw".
    """
    from scripts.benchmarks.browser_actions import draw, expect_reading, settled

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    files, sent, connected = [], [], []

    def connect(socket) -> None:
        if "/_stcore/stream" in socket.url:
            connected.append(len(files))
            socket.on("framesent", lambda frame: sent.append(frame))

    page.on("websocket", connect)
    page.on("response", lambda response: files.append(response) if _is_file(response, address) else None)
    page.goto(address)
    draw(page, [(60, 60), (190, 60), (120, 220)])
    expect_reading(page, "7")
    settled(page)
    opening, *_ = _reruns(sent)
    stroke = next(message for message in _reruns(sent) if b"-canvas" in message)  # a drawing among the widgets' states
    page.wait_for_load_state("networkidle")
    paths, known = _paths(files), len(files)

    def go_to(name: str) -> Visit:
        nonlocal known
        asked = len(sent)
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
        page.locator("h1", has_text=name).wait_for()
        page.locator(first_content[name]).first.wait_for()
        settled(page)
        page.wait_for_load_state("networkidle")
        new, known = _paths(files[known:]), len(files)
        message = next(m for m in _reruns(sent[asked:]) if not BackMsg.FromString(m).rerun_script.fragment_id)
        return Visit(message, tuple(new))

    visits = {name: go_to(name) for name in first_content if name != "Draw"}
    back = go_to("Draw").message if visits else b""
    context.close()
    before = connected[0]
    return Recording(tuple(paths[:before]), Visit(opening, tuple(paths[before:])), stroke, visits, back)


def _reruns(sent: list[bytes]) -> list[bytes]:
    return [message for message in sent if BackMsg.FromString(message).WhichOneof("type") == "rerun_script"]


def _is_file(response, address: str) -> bool:
    # Media belong to the session that they were made for.
    return response.url.startswith(address) and response.status == 200 and "/media/" not in response.url


def _paths(responses) -> list[str]:
    split = [urlsplit(response.url) for response in responses]
    return [f"{url.path}?{url.query}" if url.query else url.path for url in split]
