"""The Join page, and the address that it shows."""

import pytest
import streamlit as st

from pages.components.loopback import is_loopback
from pages.join_sections.addresses import join_address, machine_address


@pytest.mark.parametrize(
    ("opened_at", "listens_on", "machine", "expected"),
    [
        ("http://localhost:8501/join", "0.0.0.0", "192.168.1.20", "http://192.168.1.20:8501/"),
        ("http://127.0.0.1:8501/join?x=1#y", "", "192.168.1.20", "http://192.168.1.20:8501/"),
        ("http://[::1]:8501/join", "::", "2001:db8::7", "http://[2001:db8::7]:8501/"),
        ("http://localhost:8501/join", "192.168.7.7", "192.168.1.20", "http://192.168.7.7:8501/"),
        ("https://digits.example.org/lab/join", "localhost", None, "https://digits.example.org/lab/"),
        ("http://localhost:8501/join", "localhost", "192.168.1.20", None),
        ("http://localhost:8501/join", "127.0.0.1", "192.168.1.20", None),
        ("http://localhost:8501/join", "0.0.0.0", None, None),
        ("http://localhost:8501/join", "0.0.0.0", "127.0.0.1", None),
    ],
)
def test_the_address_for_others(opened_at, listens_on, machine, expected):
    assert join_address(opened_at, listens_on, machine) == expected


def test_the_machine_has_an_address_or_none():
    address = machine_address()
    assert address is None or address.count(".") == 3
    assert is_loopback("app.localhost") and not is_loopback("localhost.example.org")


def page_html(app) -> str:
    return "".join(element.proto.body for element in app.main.get("html"))


def test_without_a_network_the_page_says_how_to_start(open_page, monkeypatch):
    monkeypatch.setattr("pages.join_sections.addresses.machine_address", lambda: None)
    app = open_page("join")
    assert "--server.address 0.0.0.0" in app.code[0].value
    assert "join-address" not in page_html(app)


def test_a_typed_address_gets_its_code_and_is_shown_as_text(open_page):
    app = open_page("join")
    app.text_input[0].input("https://digits.example.org/<b>").run()
    assert "https://digits.example.org/&lt;b&gt;" in page_html(app)
    assert "data:image/svg+xml" in page_html(app)
    app.text_input[0].input("digits.example.org").run()
    assert "begins with http://" in app.warning[0].value
    assert "digits.example.org" not in page_html(app)


def test_behind_nginx_the_page_says_how_to_start_nginx_for_everyone(open_page, monkeypatch):
    monkeypatch.setenv("DIGITS_LISTENS_ON", "127.0.0.1")
    assert open_page("join").code[0].value == "python3 scripts/serve.py --address 0.0.0.0"


def test_behind_nginx_that_everyone_reaches_the_address_is_shown(open_page, monkeypatch):
    monkeypatch.setenv("DIGITS_LISTENS_ON", "0.0.0.0")
    monkeypatch.setattr("pages.join_sections.addresses.machine_address", lambda: "192.168.1.20")
    monkeypatch.setattr(
        "streamlit.config.get_option",
        lambda name, get=st.config.get_option: "127.0.0.1" if name == "server.address" else get(name),
    )
    assert "http://192.168.1.20" in page_html(open_page("join"))
