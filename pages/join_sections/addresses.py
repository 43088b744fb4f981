"""The address by which others on the same network open the app."""

import os
import socket
from urllib.parse import urlsplit, urlunsplit

from pages.components.loopback import LISTENS_ON, is_loopback

_EVERYWHERE = ("", "0.0.0.0", "::")


def join_address(opened_at: str, listens_on: str, machine: str | None) -> str | None:
    """The address for others, or None if nobody else can reach the server.

    `opened_at`: the address in this browser; `listens_on`: the server's option `server.address`;
    `machine`: this machine's address in its network, if it has one. A browser on another device has an
    address that works already, also through a proxy: that one is returned.
    """
    parts = urlsplit(opened_at)
    if parts.hostname and not is_loopback(parts.hostname):
        return urlunsplit((parts.scheme, parts.netloc, parts.path.rsplit("/", 1)[0] + "/", "", ""))
    if listens_on not in _EVERYWHERE:
        machine = None if is_loopback(listens_on) else listens_on
    if machine is None or is_loopback(machine):
        return None
    host = f"[{machine}]" if ":" in machine else machine
    return urlunsplit((parts.scheme or "http", f"{host}:{parts.port}" if parts.port else host, "/", "", ""))


def listening_address(server_address: str) -> str:
    """The address on which people reach the app: nginx's, or that of Streamlit's option `server.address`."""
    return os.environ.get(LISTENS_ON) or server_address


def start_command() -> str:
    """The command that starts the app, as it was started, for everyone on the network."""
    if os.environ.get(LISTENS_ON):
        return "python3 scripts/serve.py --address 0.0.0.0"
    return "python3 scripts/start.py -- --server.address 0.0.0.0"


def machine_address() -> str | None:
    """This machine's address in its network; None without a network. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # reserved for documentation: only the route to it is looked up
        except OSError:
            return None
        return probe.getsockname()[0]
