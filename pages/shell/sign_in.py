"""The sidebar's word on who may do what, and the way to become the owner."""

from collections.abc import Mapping

import streamlit as st
from streamlit.errors import StreamlitAuthError

from digit_core.access.actors import Actor, Proof, Role, current_actor
from digit_core.access.teacher_code import Attempt
from digit_core.errors import DigitError, InvalidConfig
from digit_core.telemetry.events import log_event
from pages.components import identity
from pages.components.titles import markdown
from pages.shell.sign_in_routes import PATH, PROBLEM_COOKIE, base

EVERYONE = "Everyone who opens this app on this machine can train and delete."
_CODE = "Visitors can draw and look. Enter the teacher's code to train."
_ACCOUNT = "Visitors can draw and look. Sign in to train."
_BOTH = "Visitors can draw and look. Sign in or enter the teacher's code to train."
_PROBLEMS = {
    "unreachable": "The sign-in provider cannot be reached. Try again later.",
    "denied": "The sign-in provider did not sign you in.",
    "failed": "Signing in failed. Try again.",
}
_WRONG, _SIGNED_OUT = "sign_in_problem", "signed_out"  # in a session
_SCRIPT = """
export default function ({data, parentElement}) {
  if (parentElement.sent === data.token) return;
  parentElement.sent = data.token;
  fetch(data.address, {method: 'POST', body: data.token}).catch(() => {});  // it is the owner's until a reload
}
"""
_cookie = st.components.v2.component("owner_cookie", js=_SCRIPT)


def show_visitors() -> None:
    """In place of the form for a training: why it is not there, and how to become the owner."""
    actor = current_actor()
    code, has_accounts = identity.teacher_code(), identity.has_accounts()
    if actor.proof is Proof.ACCOUNT:
        st.info(f"Signed in as {_name(actor)}, which is not an owner of this app: you can draw and look.")
        if st.button("Sign out", key="sign-out", width="stretch"):
            _sign_out()
    else:
        st.markdown(f":small[{_BOTH if code and has_accounts else _ACCOUNT if has_accounts else _CODE}]")
        for provider, title in _providers().items():
            if st.button(title, icon=":material/login:", width="stretch", key=f"sign-in-{provider}"):
                _sign_in(provider)
        if problem := _PROBLEMS.get(str(st.context.cookies.get(PROBLEM_COOKIE, ""))):
            st.warning(problem)
    if code:
        _code_form()
    if st.session_state.get(_SIGNED_OUT):
        _set_cookie("")


def show_owner() -> None:
    """A quiet line that says why this person is the owner, and the way to sign out."""
    actor = current_actor()
    if actor.role is not Role.OWNER:
        return
    st.divider()
    if actor.proof is Proof.MACHINE:
        st.caption(EVERYONE)
        return
    st.caption(f"Signed in as {_name(actor)} (owner)" if actor.proof is Proof.ACCOUNT else _WITH_CODE)
    if st.button("Sign out", icon=":material/logout:", key="sign-out", width="stretch"):
        _sign_out()
    if new := identity.token_for_browser():
        _set_cookie(new)


_WITH_CODE = "Signed in with the teacher's code (owner)"


def _code_form() -> None:
    with st.form("teacher-code", border=False, clear_on_submit=True):
        typed = st.text_input("Teacher's code", type="password", autocomplete="off", key="teacher-code-typed")
        pressed = st.form_submit_button("Sign in", icon=":material/key:", width="stretch")
    if pressed:
        st.session_state.pop(_WRONG, None)
        try:
            identity.teacher_code().check(Attempt(typed, current_actor().address, identity.is_local()))
        except DigitError as error:
            st.session_state[_WRONG] = str(error)
        else:
            log_event("signed_in", proof=Proof.CODE)
            identity.keep_token(identity.owner_tokens().new())
            st.session_state.pop(_SIGNED_OUT, None)
            st.rerun(scope="app")
    if problem := st.session_state.get(_WRONG):
        st.error(problem)


def _providers() -> dict[str, str]:
    """The providers that the secrets configure, with the titles of their buttons."""
    if not identity.has_accounts():
        return {}
    auth = st.secrets["auth"]
    named = [name for name, value in auth.items() if isinstance(value, Mapping) and "client_id" in value]
    titles = {name: "Sign in" if len(named) == 1 else f"Sign in with {name.capitalize()}" for name in named}
    return {"default": "Sign in"} if "client_id" in auth else titles


def _sign_in(provider: str) -> None:
    try:
        st.login(None if provider == "default" else provider)
    except StreamlitAuthError as error:
        raise InvalidConfig(f"Sign-in is not configured completely: {error}") from None


def _sign_out() -> None:
    actor = current_actor()
    log_event("signed_out", proof=actor.proof)
    if identity.has_token():
        identity.forget_token()
        st.session_state[_SIGNED_OUT] = True
    if actor.name:
        st.logout()  # the browser leaves the page
    else:
        st.rerun(scope="app")  # the owner's buttons are all over the page


def _set_cookie(token: str) -> None:
    with st.container(key="silent-owner-cookie"):
        _cookie(data={"address": base() + PATH, "token": token}, key="owner-cookie", width="content")


def _name(actor: Actor) -> str:
    return f"**{markdown(actor.name)}**" if actor.name else "somebody without an e-mail address"
