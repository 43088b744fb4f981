"""The name of the window (browser tab): who started a training, and who cancelled it.

The tab keeps its name when the page is loaded again, and sends it as a cookie, written by a script in
the page's head. A component that reported it would rerun the script just when the page is loaded,
and Streamlit drops what a run of another part sends at that moment.
"""

import re
import uuid

import streamlit as st

COOKIE = "digit-lab-window"
SCRIPT = f"""
(() => {{
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const random = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
  const name = sessionStorage.getItem('{COOKIE}') ?? random;
  sessionStorage.setItem('{COOKIE}', name);
  document.cookie = `{COOKIE}=${{name}}; path=/; samesite=strict`;
}})();
"""
_NAME = "window_name"  # in a session
_PATTERN = re.compile(r"[0-9a-f]{32}")


def window_name() -> str:
    """The random name of this window, 32 hexadecimal digits."""
    if _NAME not in st.session_state:
        sent = str(st.context.cookies.get(COOKIE, ""))
        st.session_state[_NAME] = sent if _PATTERN.fullmatch(sent) else uuid.uuid4().hex
    return st.session_state[_NAME]
