"""Who a session's person is: at this machine, with the teacher's code, or with an account.

On this machine everybody is the owner, unless sign-in is configured. Anybody else is the owner after they have
entered the teacher's code or signed in with an account that the secrets list.
"""

import hashlib
import math
from functools import cache

import streamlit as st
from streamlit import config
from streamlit.runtime.scriptrunner import get_script_run_ctx

from digit_core.access.actors import Actor, Proof, Role
from digit_core.access.owner_tokens import OwnerTokens
from digit_core.access.teacher_code import PROCESSES, TeacherCode, code_from_environment, new_code
from digit_core.storage.configured_limits import configured_limit
from pages.components.browser_window import browser_name

LOCAL, ADDRESS = "x-digit-lab-local", "x-digit-lab-address"  # headers written by `pages.shell.connections`
COOKIE = "digit-lab-owner"
_TOKEN = "owner_token"  # in a session, until the browser has it as a cookie
HOSTS = ("localhost", "127.0.0.1", "::1")  # this machine


def actor() -> Actor:
    """The person of the session whose script, fragment or callback runs in this thread; else a visitor."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return Actor(Role.VISITOR)
    headers, user = st.context.headers, st.user.to_dict() if has_accounts() else {}
    address, key = headers.get(ADDRESS, ""), _digest("session", context.session_id)
    name, person, proof = "", browser_name(), Proof.NONE
    if user.get("is_logged_in"):
        name, proof = str(user.get("email") or ""), Proof.ACCOUNT
        key = person = _digest("account", f"{user.get('iss')} {user.get('sub') or name}")
        if _is_owner(name, user.get("email_verified", True)):
            return Actor(Role.OWNER, key, address, person, proof, name)
    if has_token():
        return Actor(Role.OWNER, key, address, person, Proof.CODE, name)
    if headers.get(LOCAL) == "1" and trusts_this_machine():
        return Actor(Role.OWNER, key, address, person, Proof.MACHINE)
    return Actor(Role.VISITOR, key, address, person, proof, name)


def is_local() -> bool:
    """Whether the session's browser is on this machine."""
    return st.context.headers.get(LOCAL) == "1"


def trusts_this_machine() -> bool:
    """Whether who opens the app on this machine is the owner.

    Not if sign-in is configured: a proxy on this machine can make strangers look as if they were here, and
    who runs one configures sign-in.
    """
    return not has_accounts() and not is_code_set() and config.get_option("server.address") in HOSTS


@cache
def has_accounts() -> bool:
    """Whether the secrets configure sign-in by OpenID Connect."""
    return st.secrets.load_if_toml_exists() and bool(st.secrets.get("auth"))


@cache
def teacher_code() -> TeacherCode | None:
    """The teacher's code; None where accounts are configured and no code. Raises InvalidConfig."""
    code = _configured_code()
    if code is None and has_accounts():
        return None
    return TeacherCode(code or new_code(), math.ceil(configured_limit(PROCESSES, 1)))


@cache
def owner_tokens() -> OwnerTokens:
    """The tokens that stand for the code. They end with the code, and with the server's secret."""
    code = teacher_code()
    secret = config.get_option("server.cookieSecret")  # random for each process, unless the operator sets it
    return OwnerTokens(hashlib.sha256(f"{secret} {code.code if code else ''}".encode()).digest())


def token() -> str:
    """The token of this session or its browser; empty if there is none that is valid."""
    for found in (st.session_state.get(_TOKEN, ""), str(st.context.cookies.get(COOKIE, ""))):
        if found and owner_tokens().is_valid(found):
            return found
    return ""


def has_token() -> bool:
    """Whether this session or its browser has a valid token."""
    return bool(token())


def keep_token(new: str) -> None:
    """Make this session's person the owner."""
    st.session_state[_TOKEN] = new


def forget_token() -> None:
    """Make the person a visitor, in all sessions of this browser."""
    owner_tokens().revoke(token())
    st.session_state.pop(_TOKEN, None)


def token_for_browser() -> str:
    """The token of this session if its browser does not have it yet, else empty."""
    own = st.session_state.get(_TOKEN, "")
    return "" if own == st.context.cookies.get(COOKIE) else own


def _is_owner(email: str, is_verified: object) -> bool:
    """Whether the secrets list an account's e-mail address, of which the provider says whether it is the person's."""
    owners = st.secrets.get("access", {}).get("owners", [])
    return bool(email) and is_verified is True and email.casefold() in {str(each).casefold() for each in owners}


def _digest(kind: str, text: str) -> str:
    """An id that tells nothing about the text. With the kind in it, it is none that a browser could claim."""
    return f"{kind}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:32]}"


@cache
def _configured_code() -> str | None:
    return code_from_environment()


def is_code_set() -> bool:
    """Whether the code is one that somebody chose."""
    return _configured_code() is not None
