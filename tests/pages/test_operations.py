"""What the app offers to the person who runs it: health, figures, and an orderly end."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from digit_core.drawings import writer
from digit_core.drawings.writer import Change, Writer
from digit_core.errors import DamagedRun, DatabaseUnavailable
from digit_core.storage import paths
from pages.shell import graceful_stop, health, operations
from pages.shell.open_sessions import OpenSessions, SessionGate
from scripts.benchmarks.chromium import free_port
from tests.waiting import wait_for


@pytest.fixture
def sessions(monkeypatch) -> OpenSessions:
    """Sessions of this test's own."""
    own = OpenSessions()
    for module in (health, graceful_stop, operations):
        monkeypatch.setattr(module, "SESSIONS", own)
    return own


@pytest.fixture
def client(own_home, sessions, monkeypatch) -> TestClient:
    """A client on this machine."""
    monkeypatch.setattr(health, "_shared", health.SharedHealth())
    monkeypatch.setattr(health, "_noted", {})
    monkeypatch.delenv("DIGITS_DATABASE_URL", raising=False)
    return TestClient(Starlette(routes=operations.routes()), "http://localhost:8501", client=("127.0.0.1", 50000))


def test_the_health_of_a_fresh_checkout_is_ok_and_nothing_is_created(client, own_home):
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert response.json()["active_run"] == "shipped"
    assert response.json()["checks"] == {"model": "ok", "home": "ok", "database": "ok"}
    assert not own_home.exists()


def test_without_a_model_the_app_is_unavailable_and_says_no_path(client, monkeypatch):
    def fail():
        raise DamagedRun("/secret/place is damaged")

    monkeypatch.setattr(health, "active_recognizer", fail)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["reasons"] == ["The model cannot be used; the log has the reason."]
    assert "secret" not in response.text


def test_without_a_database_the_app_can_predict_and_says_so(client, monkeypatch):
    monkeypatch.setenv("DIGITS_DATABASE_URL", "postgresql://teacher:hunter2@127.0.0.1:9/labels")
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json()["checks"]["database"] == "The database cannot be used; labels wait for it."
    assert "hunter2" not in response.text


def test_a_home_that_cannot_be_written_is_told(client, own_home):
    own_home.write_text("a file where the folder should be")
    assert client.get("/healthz").json()["checks"]["home"] != "ok"


def test_an_app_that_stops_is_unavailable(client, sessions):
    sessions.accept_no_more()
    response = client.get("/healthz")
    assert (response.status_code, response.json()["status"]) == (503, "stopping")


def test_health_is_checked_once_however_often_it_is_asked_for():
    asked = []
    shared = health.SharedHealth(lambda: asked.append(1) or health.Health("ok", "ok", "ok"))
    assert len({id(shared.get()) for _ in range(100)}) == len(asked) == 1


def test_figures_are_for_this_machine(client):
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        pytest.param("192.0.2.7", {}, id="another machine"),
        pytest.param("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, id="a proxy on this machine"),
        pytest.param("127.0.0.1", {"x-real-ip": "192.0.2.7"}, id="another proxy"),
        pytest.param("127.0.0.1", {"host": "digits.example.org"}, id="a proxy that only passes the name"),
        pytest.param("::ffff:192.0.2.7", {}, id="another machine by IPv6"),
        pytest.param("testclient", {}, id="no address"),
    ],
)
def test_figures_are_refused_to_others(peer, headers):
    app = Starlette(routes=operations.routes())
    with TestClient(app, "http://localhost", client=(peer, 50000)) as other:
        response = other.get("/metrics", headers=headers)
    assert response.status_code == 403
    assert "digit_lab" not in response.text


@pytest.mark.parametrize(("given", "status"), [("Bearer right", 200), ("Bearer wrong", 403), ("right", 403), ("", 403)])
def test_with_a_token_figures_need_the_token(client, monkeypatch, given, status):
    monkeypatch.setenv("DIGITS_METRICS_TOKEN", "right")
    headers = {"authorization": given, "x-forwarded-for": "192.0.2.7"}
    assert client.get("/metrics", headers=headers).status_code == status


def test_windows_are_counted_and_refused_once_the_app_stops():
    counted = []

    async def window(socket):
        await socket.accept()
        counted.append(sessions.count)
        await socket.close()

    sessions = OpenSessions()
    gate = SessionGate(Starlette(routes=[WebSocketRoute("/_stcore/stream", window)]), sessions)
    with TestClient(gate).websocket_connect("/_stcore/stream") as socket:
        assert socket.receive()["type"] == "websocket.close"
    assert (counted, sessions.count) == ([1], 0)
    sessions.accept_no_more()
    with pytest.raises(WebSocketDenialResponse) as refused, TestClient(gate).websocket_connect("/_stcore/stream"):
        pass
    assert refused.value.status_code == 503


def test_the_answers_under_way_are_finished_before_the_server_stops(sessions, monkeypatch):
    running, order = [2], []

    def scripts():
        order.append("asked")
        running[0] -= 1
        return running[0] > 0

    monkeypatch.setattr(graceful_stop, "scripts_running", scripts)
    _run(graceful_stop.finish(lambda: order.append("stopped")))
    assert order == ["asked", "asked", "stopped"]


def test_an_answer_that_takes_too_long_does_not_hold_up_the_end(sessions, monkeypatch):
    monkeypatch.setattr(graceful_stop, "_MOST_SECONDS", 0.1)
    monkeypatch.setattr(graceful_stop, "scripts_running", lambda: 1)
    stopped = []
    _run(graceful_stop.finish(lambda: stopped.append(True)))
    assert stopped == [True]


def test_labels_that_wait_are_stored_at_the_end_without_a_pause(monkeypatch):
    is_away, stored = [True], []

    def add(drawings, labels):
        if is_away[0]:
            raise DatabaseUnavailable("away")
        stored.extend(labels)

    waiting = Writer(add, pause=600)
    monkeypatch.setattr(writer, "WRITER", waiting)
    assert not waiting.save(Change(labels=["a label"]))
    is_away[0] = False
    assert operations._flush_labels() == 0
    assert stored == ["a label"]


def test_labels_that_cannot_be_stored_are_counted_in_the_last_event(monkeypatch):
    def add(drawings, labels):
        raise DatabaseUnavailable("away")

    waiting = Writer(add, pause=600)
    monkeypatch.setattr(writer, "WRITER", waiting)
    monkeypatch.setattr(operations, "_FLUSH_SECONDS", 0.1)
    waiting.save(Change(labels=["a label"]))
    assert operations._flush_labels() == 1


@pytest.mark.flaky(reruns=1)  # a busy machine can take longer for an answer than the five seconds that it is given
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_a_terminated_app_finishes_the_answer_under_way_and_logs_that_it_has_stopped(own_home, tmp_path):
    port, log = free_port(), tmp_path / "events"
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless", "true"]
    environment = {**os.environ, "DIGITS_LOG": str(log), "STREAMLIT_SERVER_PORT": str(port)}
    app = subprocess.Popen(command, cwd=paths.PROJECT, env=environment, stdout=subprocess.DEVNULL)
    stream, origin = f"ws://localhost:{port}/_stcore/stream", f"http://localhost:{port}"
    try:
        wait_for(lambda: _status(port, "/healthz") == 200)
        with connect(stream, origin=origin, subprotocols=["streamlit"], max_size=None) as window:
            window.send(BackMsg(rerun_script=ClientState()).SerializeToString())
            received = map(_message, window)
            assert "new_session" in received  # the script has begun
            assert _status(port, "/metrics") == 200
            app.send_signal(signal.SIGTERM)
            assert "script_finished" in received
        app.wait(30)
    finally:
        app.kill()
        app.wait()
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert [event["event"] for event in events] == ["app_started", "app_stopping", "app_stopped"]
    assert events[1]["sessions"] == 1


def _run(coroutine) -> None:
    with ThreadPoolExecutor(1) as apart:  # in this one Playwright's loop may be running
        apart.submit(asyncio.run, coroutine).result()


def _message(data: bytes) -> str:
    return ForwardMsg.FromString(data).WhichOneof("type")


def _status(port: int, path: str) -> int | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None
