"""Which requests come from this machine, and which messages are passed on. No request is sent."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from pages.shell.connections import address_of, is_known, is_local


def scope(peer="127.0.0.1", **headers) -> dict:
    headers = {"host": "localhost:8501", "origin": "http://localhost:8501"} | headers
    raw = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items() if text is not None]
    return {"type": "websocket", "client": peer and (peer, 5000), "headers": raw}


@pytest.mark.parametrize(
    "request_",
    [
        scope(),
        scope(origin=None),
        scope("::1", host="[::1]:8501", origin="http://[::1]:8501"),
        scope(host="127.0.0.1", origin="https://127.0.0.1"),
    ],
)
def test_a_browser_on_this_machine_is_local(request_):
    assert is_local(request_)


@pytest.mark.parametrize(
    "request_",
    [
        scope("192.0.2.7"),
        scope(None),  # a socket of the file system, behind which a proxy is
        scope("not an address"),
        scope(host="digits.example.org", origin="http://digits.example.org"),  # DNS rebinding
        scope(host=None),
        scope(host="localhost.example.org:8501"),
        scope(host="localhost@example.org"),
        scope(host="[::1"),
        scope(origin="https://digits.example.org"),  # a proxy that changes the host
        scope(origin="http://localhost:9999"),  # another app on this machine
        scope(origin="null"),
        scope(x_forwarded_for="127.0.0.1"),
        scope(x_forwarded_proto="https"),
        scope(forwarded="for=127.0.0.1"),
        scope(x_real_ip="127.0.0.1"),
        scope(via="1.1 proxy"),
    ],
)
def test_nobody_else_is_local(request_):
    assert not is_local(request_)


def test_two_hosts_are_not_local():
    request = scope()
    request["headers"].append((b"host", b"digits.example.org"))
    assert not is_local(request)


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),  # all that one household can choose
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("/run/app.sock", "unknown"),
    ],
)
def test_an_address_is_what_a_client_cannot_choose(peer, address):
    assert address_of(scope(peer)) == address


def message(**fields) -> bytes:
    return BackMsg(**fields).SerializeToString()


def operation(payload: str) -> bytes:
    sent = BackMsg()
    sent.backend_operation_request.request_id = "1"
    getattr(sent.backend_operation_request, payload).SetInParent()
    return sent.SerializeToString()


def rerun() -> bytes:
    sent = BackMsg()
    sent.rerun_script.widget_states.widgets.add(id="button", trigger_value=True)
    sent.rerun_script.query_string = "x" * 1000
    return sent.SerializeToString()


@pytest.mark.parametrize(
    "data", [rerun(), message(stop_script=True), message(app_heartbeat=True), operation("deferred_file"), b""]
)
def test_what_pages_send_is_passed_on(data):
    assert is_known(data)


@pytest.mark.parametrize(
    "data",
    [
        message(clear_cache=True),
        message(set_run_on_save=True),
        message(load_git_info=True),
        message(debug_shutdown_runtime=True),
        rerun() + message(clear_cache=True),  # of two kinds the last one would count
        message(clear_cache=True) + rerun(),
        operation("install_skills"),
        operation("install_skills") + operation("deferred_file"),
        operation("dismiss_skills_nudge"),
        b"\xff" * 20,
        b"\x5a",
        b"\x0b",  # a group
        rerun()[:20] + b"\x28\x01",
    ],
)
def test_what_only_developers_send_is_dropped(data):
    assert not is_known(data)
