"""The random names of the window (browser tab) and of the browser: who did what.

A training belongs to the tab that started it, and drawings belong to the browser. The tab keeps its name
when the page is loaded again, the browser its own for good (in its local storage). Both come as cookies,
written by a script in the page's head. A component that reported them would rerun the script just when the
page is loaded, and Streamlit drops what a run of another part sends at that moment.
"""

import re
import uuid

import streamlit as st

COOKIE, BROWSER_COOKIE = "digit-lab-window", "digit-lab-browser"
SCRIPT = f"""
(() => {{
  const keep = (name, storage) => {{
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const random = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
    const value = storage.getItem(name) ?? random;
    storage.setItem(name, value);
    document.cookie = `${{name}}=${{value}}; path=/; samesite=strict`;
  }};
  keep('{COOKIE}', sessionStorage);
  keep('{BROWSER_COOKIE}', localStorage);
}})();
"""
_NAME, _BROWSER = "window_name", "browser_name"  # in a session
_PATTERN = re.compile(r"[0-9a-f]{32}")


def window_name() -> str:
    """The random name of this window, 32 hexadecimal digits."""
    return _name(_NAME, COOKIE)


def browser_name() -> str:
    """The random name of this browser, 32 hexadecimal digits; of the session alone if the browser stores nothing."""
    return _name(_BROWSER, BROWSER_COOKIE)


def _name(key: str, cookie: str) -> str:
    if key not in st.session_state:
        sent = str(st.context.cookies.get(cookie, ""))
        st.session_state[key] = sent if _PATTERN.fullmatch(sent) else uuid.uuid4().hex
    return st.session_state[key]
