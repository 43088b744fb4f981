"""`/metrics`: the figures for Prometheus, for this machine or for who has the token."""

import hmac
import ipaddress
import os

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

PATH = "/metrics"
_TOKEN = "DIGITS_METRICS_TOKEN"
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


def respond(request: Request) -> Response:
    """The figures, or 403. Called in a thread of its own."""
    if not _is_permitted(request):
        sentence = f"Figures are for this machine alone, or with the bearer token of {_TOKEN}.\n"
        return PlainTextResponse(sentence, 403)
    from digit_core.telemetry import prometheus

    return Response(prometheus.exposition(), media_type=prometheus.CONTENT_TYPE, headers={"cache-control": "no-store"})


def _is_permitted(request: Request) -> bool:
    token = os.environ.get(_TOKEN, "")
    if token:
        given = request.headers.get("authorization", "").encode("latin-1")
        return hmac.compare_digest(given, f"Bearer {token}".encode())
    # A proxy on this machine asks from a local address too, on behalf of others.
    if any(name in request.headers for name in _FORWARDED) or request.url.hostname not in _LOCAL_NAMES:
        return False
    return request.client is not None and _is_loopback(request.client.host)


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
