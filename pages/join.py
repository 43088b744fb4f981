"""How a class joins: the address of the app, large enough for a projector, and its QR code."""

from html import escape

import segno
import streamlit as st
from streamlit import config

from pages.join_sections.addresses import join_address, listening_address, machine_address, start_command

_LONGEST = 300  # characters; a QR code of more is too fine for a projector
_SIZE = 420  # pixels


def show_address(address: str) -> None:
    """The address in large letters above its QR code."""
    st.html(
        f'<div data-testid="join-address" style="font-size:clamp(1.5rem,4vw,3.5rem);font-weight:700;'
        f'overflow-wrap:anywhere;line-height:1.15">{escape(address)}</div>'
    )
    # Black on white with a border of its own, in the dark theme too: many scanners refuse the opposite.
    code = segno.make(address, error="m", micro=False).svg_data_uri(scale=8, border=4, dark="#000", light="#fff")
    st.html(
        f'<img src="{code}" alt="QR code of {escape(address)}" width="{_SIZE}" height="{_SIZE}" '
        'style="max-width:100%;height:auto;border-radius:.6rem">'
    )


st.title("Join")
listens_on = listening_address(config.get_option("server.address") or "")
found = join_address(st.context.url or "", listens_on, machine_address())
if found is None:
    st.info(
        "Only this machine can open the app now. For a class, stop it and start it with the command below, "
        "on a network that the students' devices share with this machine.",
        icon=":material/wifi_off:",
    )
    st.code(start_command(), language="bash", wrap_lines=True)
else:
    st.caption("Open this address, or scan the code, on a device in the same network.")
place = st.container()
with st.expander("Use another address", icon=":material/edit:"):
    st.caption("For a host name, another of this machine's networks, or the address of a proxy.")
    typed = st.text_input("Address", placeholder="https://digits.example.org", max_chars=_LONGEST).strip()
with place:
    if typed and not typed.startswith(("http://", "https://")):
        st.warning("An address begins with http:// or https://.")
    elif typed or found:
        show_address(typed or found)
