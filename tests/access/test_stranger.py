"""A stranger with a client of their own, who speaks the app's websocket protocol and has learned all it could do.

What to send is learned from an owner's session: the ids of all buttons, which a button of the same name on
the same page always has. Then a stranger sends them, and nothing may change.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from digit_core.storage import paths
from tests.running_app import RunningApp, run_app

CODE, SECRET = "a-code-for-tests", "a secret for tests"
RUN, TRAINING = "20260101-120000-quick", "20260102-120000-quick"
# Pages with the addresses at which all of their buttons are there.
PAGES = [
    ("draw", ""),
    ("runs", f"runs={RUN}"),
    ("results", f"run={RUN}&tab=export"),
    ("results", f"run={RUN}&tab=robustness"),
    ("mistakes", f"run={RUN}&image=0"),
    ("my_drawings", ""),
    ("training", ""),
]
OWNERS = {"Add to the queue", "Cancel", "Make active", "Edit", "Download", "Delete", "Export", "Measure"}
# A process that holds the lock of a training.
TRAINER = """
import sys
from pathlib import Path
from digit_core.jobs.machine_lock import machine_lock, write_owner
lock = machine_lock()
lock.acquire()
write_owner(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
"""


@dataclass
class Screen:
    """What the app sent during a run: ids of buttons with their labels, ids of fragments, texts."""

    buttons: dict[str, str] = field(default_factory=dict)
    fragments: set[str] = field(default_factory=set)
    text: str = ""


class Client:
    """A session over the websocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._pages: dict[str, str] = {}
        self.run("", "")

    def run(self, page: str, query: str, pressed: list[str] = ()) -> Screen:
        """Ask for a run of a page, as if these buttons had been pressed, and wait for its end."""
        self.send(self._message(page, query, pressed))
        return self._screen(60)

    def run_fragment(self, page: str, query: str, pressed: list[str], fragment: str) -> bool:
        """As `run`, for a part of the page that runs by itself. Whether it ran: the app may not know it any more."""
        message = self._message(page, query, pressed)
        message.rerun_script.fragment_id = fragment
        self.send(message)
        with suppress(TimeoutError):
            self._screen(2)
            return True
        return False

    def send(self, message: BackMsg) -> None:
        self._socket.send(message.SerializeToString())

    def _message(self, page: str, query: str, pressed: list[str]) -> BackMsg:
        message = BackMsg()
        state = message.rerun_script
        state.page_script_hash, state.query_string = self._pages.get(page, ""), query
        for button in pressed:
            state.widget_states.widgets.add(id=button, trigger_value=True)
        return message

    def _screen(self, patience: float) -> Screen:
        screen = Screen()
        while True:
            message = ForwardMsg.FromString(self._socket.recv(timeout=patience))
            kind = message.WhichOneof("type")
            if kind == "navigation":
                self._pages = {
                    each.url_pathname or "draw": each.page_script_hash for each in message.navigation.app_pages
                }
            elif kind == "delta":
                element = message.delta.new_element
                screen.fragments |= {message.delta.fragment_id} - {""}
                screen.text += str(element)
                for name in ("button", "download_button"):
                    if element.WhichOneof("type") == name:
                        button = getattr(element, name)
                        screen.buttons[button.id] = button.label
            elif kind == "script_finished":
                finished = message.script_finished
                if finished in (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY):
                    return screen


@contextmanager
def client(address: str, cookie: str = "") -> Iterator[Client]:
    """A session; `cookie` is sent as a browser would."""
    with connect(
        f"{address.replace('http', 'ws')}/_stcore/stream",
        subprotocols=["streamlit"],
        origin=address,
        additional_headers={"Cookie": cookie},
        max_size=None,
    ) as socket:
        yield Client(socket)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home with a run, and with a training that seems to run in a process of its own."""
    home = tmp_path_factory.mktemp("stranger") / "home"
    shutil.copytree(paths.SHIPPED_RUN, home / "runs" / RUN)
    working = home / "working" / TRAINING
    working.mkdir(parents=True)
    (working / "request.json").write_text('{"activate": true}')
    (working / "progress.json").write_text('{"state": "training", "epoch": 1, "epochs": 2}')
    return home


@pytest.fixture(scope="module")
def trainer(home) -> Iterator[subprocess.Popen]:
    (home.parent / "tmp").mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-c", TRAINER, str(home / "working" / TRAINING)],
        cwd=paths.PROJECT,
        env={"PATH": "", "TMPDIR": str(home.parent / "tmp")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"ready\n"
    yield process
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def app(home, trainer) -> Iterator[RunningApp]:
    with run_app(home.parent, DIGITS_TEACHER_CODE=CODE, STREAMLIT_SERVER_COOKIE_SECRET=SECRET) as running:
        yield running


@pytest.fixture(scope="module")
def owner(app) -> Iterator[Client]:
    with client(app.address, owner_cookie(app.address)) as session:
        yield session


@pytest.fixture
def stranger(app) -> Iterator[Client]:
    with client(app.address) as session:
        yield session


@pytest.fixture(scope="module")
def buttons(app, owner) -> dict[tuple[str, str], dict[str, str]]:
    """The owner's buttons on each page, and those of the dialogs that they open: labels by id."""
    found = {page: owner.run(*page).buttons for page in PAGES}
    for button in [id for id, label in found[PAGES[1]].items() if label in ("Delete", "Edit")]:
        with client(app.address, owner_cookie(app.address)) as session:
            found[PAGES[1]] |= session.run(*PAGES[1], pressed=[button]).buttons
    return found


def owner_cookie(address: str) -> str:
    """The cookie that the app gives for a token, made with the secrets that the app was started with."""
    import hashlib

    from digit_core.access.owner_tokens import OwnerTokens

    token = OwnerTokens(hashlib.sha256(f"{SECRET} {CODE}".encode()).digest()).new()
    with urlopen(Request(f"{address}/owner-session", token.encode(), {"Origin": address})) as response:
        cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    return cookie.partition(";")[0]


def contents(home: Path) -> dict[str, bytes]:
    """Without what a background task is writing: the owner's visit has begun to compute features of images."""
    files = (path for path in home.rglob("*") if path.is_file() and not path.name.endswith(".lock"))
    kept = (path for path in files if path.relative_to(home).parts[0] not in ("features", "queue", ".drawing"))
    return {str(path): path.read_bytes() for path in kept if ".db" not in path.name}


def test_the_owner_has_the_buttons(buttons):
    labels = {label for page in buttons.values() for label in page.values()}
    assert labels >= OWNERS | {"Delete it", "Save"}, labels


def test_a_stranger_sees_no_button_that_changes_something(stranger, buttons):
    for page in PAGES:
        labels = set(stranger.run(*page).buttons.values())
        assert not labels & OWNERS, page


def test_what_a_stranger_sends_for_the_owners_buttons_changes_nothing(stranger, buttons, home, trainer):
    before = contents(home)
    for page in PAGES:
        found = list(buttons[page])
        shown = stranger.run(*page, pressed=found)
        for button in found:
            stranger.run(*page, pressed=[button])
        ran = [stranger.run_fragment(*page, found, fragment) for fragment in shown.fragments]
        assert any(ran)
    assert contents(home) == before
    assert trainer.poll() is None


def test_the_same_sent_by_the_owner_changes_it(owner, buttons, home):
    before = contents(home)
    (button,) = (id for id, label in buttons[PAGES[1]].items() if label == "Make active")
    owner.run(*PAGES[1], pressed=[button])
    assert contents(home) != before
    assert RUN in (home / "active.json").read_text()


@pytest.mark.parametrize(
    "cookie",
    [
        "digit-lab-owner=",
        "digit-lab-owner=1",
        f"digit-lab-owner={'9' * 10}.{'0' * 32}.{'0' * 64}",
        "digit-lab-owner=true; role=owner",
        f"digit-lab-owner={CODE}",
    ],
)
def test_a_cookie_of_ones_own_makes_nobody_the_owner(app, cookie):
    with client(app.address, cookie) as session:
        assert not OWNERS & set(session.run("draw", "").buttons.values())


def test_headers_and_addresses_make_nobody_the_owner(app):
    for query in ("role=owner", urlencode({"owner": CODE}), "x-digit-lab-local=1"):
        with client(app.address) as session:
            assert not OWNERS & set(session.run("draw", query).buttons.values())


def test_a_message_for_developers_is_dropped_and_the_session_goes_on(stranger):
    message = BackMsg()
    message.clear_cache = True
    stranger.send(message)
    assert "Draw a digit" in stranger.run("draw", "").text
