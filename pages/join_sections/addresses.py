"""The address by which others on the same network open the app."""

import ipaddress
import socket
from urllib.parse import urlsplit, urlunsplit

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


def is_loopback(host: str) -> bool:
    """Whether a host name or address means the machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def machine_address() -> str | None:
    """This machine's address in its network; None without a network. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # reserved for documentation: only the route to it is looked up
        except OSError:
            return None
        return probe.getsockname()[0]
