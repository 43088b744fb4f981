"""Whether the app is opened on the machine that runs it, and whether nginx is before it."""

import ipaddress

LISTENS_ON = "DIGITS_LISTENS_ON"  # set by scripts/serve.py: the address of nginx, behind which the app is


def is_loopback(host: str) -> bool:
    """Whether a host name or address means the machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
