"""Who a session's person is, from what Streamlit knows of the session."""

from types import SimpleNamespace

import pytest
from streamlit import config

from digit_core.access.actors import Proof, Role
from pages.components import browser_window, identity

CACHED = (identity.has_accounts, identity.teacher_code, identity.owner_tokens, identity._configured_code)


class Secrets(dict):
    def load_if_toml_exists(self) -> bool:
        return bool(self)


@pytest.fixture
def session(monkeypatch):
    """A function that stands for a session and returns its actor."""

    def actor(*, local=True, cookies=None, user=None, secrets=None, session_id="one"):
        for each in CACHED:
            each.cache_clear()
        headers = {identity.LOCAL: "1" if local else "0", identity.ADDRESS: "192.0.2.1"}
        context = SimpleNamespace(headers=headers, cookies=cookies or {})
        account = SimpleNamespace(to_dict=lambda: user or {})
        fake = SimpleNamespace(context=context, user=account, secrets=Secrets(secrets or {}), session_state={})
        monkeypatch.setattr(identity, "st", fake)
        monkeypatch.setattr(browser_window, "st", fake)
        monkeypatch.setattr(identity, "get_script_run_ctx", lambda **_: SimpleNamespace(session_id=session_id))
        return identity.actor()

    monkeypatch.delenv("DIGITS_TEACHER_CODE", raising=False)
    yield actor
    for each in CACHED:
        each.cache_clear()


ACCOUNTS = {"auth": {"client_id": "any"}, "access": {"owners": ["Teacher@school.example"]}}


def account(email="teacher@school.example", **more) -> dict:
    return {"is_logged_in": True, "iss": "https://provider.example", "sub": email, "email": email} | more


def test_everybody_at_this_machine_is_the_owner_and_nobody_else(session):
    assert session(local=True).proof is Proof.MACHINE
    assert session(local=True).role is Role.OWNER
    assert session(local=False).role is Role.VISITOR


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "", None, "::"])
def test_an_app_for_a_network_trusts_nobody_for_being_local(session, monkeypatch, address):
    get = config.get_option
    monkeypatch.setattr(config, "get_option", lambda name: address if name == "server.address" else get(name))
    assert session(local=True).role is Role.VISITOR


def test_with_sign_in_configured_being_local_is_no_proof(session, monkeypatch):
    assert session(local=True, secrets=ACCOUNTS).role is Role.VISITOR
    monkeypatch.setenv("DIGITS_TEACHER_CODE", "a-code-for-tests")
    assert session(local=True).role is Role.VISITOR


@pytest.mark.parametrize(
    ("user", "role"),
    [
        (account(), Role.OWNER),
        (account(email_verified=True), Role.OWNER),
        (account(email_verified=False), Role.VISITOR),
        (account(email_verified="true"), Role.VISITOR),
        (account("student@school.example"), Role.VISITOR),
        (account(""), Role.VISITOR),
        (account(email=None), Role.VISITOR),
        (account(is_logged_in=False), Role.VISITOR),
    ],
)
def test_an_account_is_an_owner_if_it_is_listed_and_its_address_is_not_unverified(session, user, role):
    assert session(user=user, secrets=ACCOUNTS).role is role


def test_an_accounts_drawings_are_stored_by_a_name_that_no_browser_can_claim(session):
    person = session(user=account("student@school.example"), secrets=ACCOUNTS).person
    assert session(user=account("student@school.example"), secrets=ACCOUNTS, session_id="two").person == person
    assert session(user=account("another@school.example"), secrets=ACCOUNTS).person != person
    assert "student" not in person
    assert session(cookies={browser_window.BROWSER_COOKIE: person}).person != person


def test_a_key_is_of_a_session_and_does_not_tell_its_id(session):
    assert session().key == session().key != session(session_id="two").key
    assert "one" not in session().key


def test_a_thread_without_session_is_a_visitors(monkeypatch):
    assert identity.actor().role is Role.VISITOR
