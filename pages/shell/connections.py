"""What comes in by websocket: marked with where it comes from, and without what no page of the app sends."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg

from pages.components.identity import ADDRESS, HOSTS, LOCAL

_FORWARDED = ("forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip")
# Another kind of message is one of Streamlit's menu for developers: "clear cache", say, clears it for all people.
_KINDS = {
    BackMsg.STOP_SCRIPT_FIELD_NUMBER,
    BackMsg.RERUN_SCRIPT_FIELD_NUMBER,
    BackMsg.FILE_URLS_REQUEST_FIELD_NUMBER,
    BackMsg.APP_HEARTBEAT_FIELD_NUMBER,
    BackMsg.BACKEND_OPERATION_REQUEST_FIELD_NUMBER,
}
_OPERATIONS = {  # the others install files for developers
    BackendOperationRequest.REQUEST_ID_FIELD_NUMBER,
    BackendOperationRequest.SESSION_ID_FIELD_NUMBER,
    BackendOperationRequest.DEFERRED_FILE_FIELD_NUMBER,
    BackendOperationRequest.DATAFRAME_CHUNK_FIELD_NUMBER,
}


class Connections:
    """ASGI middleware that adds the headers `identity.LOCAL` and `ADDRESS` and drops messages of other kinds."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a websocket on with what it says about itself; any other request as it is."""
        if scope["type"] != "websocket":
            return await self._app(scope, receive, send)
        ours = {LOCAL.encode(): b"1" if is_local(scope) else b"0", ADDRESS.encode(): address_of(scope).encode()}
        kept = [(name, value) for name, value in scope["headers"] if name.lower() not in ours]
        scope = {**scope, "headers": [*kept, *ours.items()]}

        async def receive_known() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive" or is_known(message.get("bytes") or b""):
                    return message

        await self._app(scope, receive_known, send)


def is_local(scope: Scope) -> bool:
    """Whether a browser on this machine sent the request, without a proxy that says it is one.

    Its peer and the host that it names are this machine: a page that has its own name lead here (DNS rebinding)
    names another. And no page of another origin sent it.
    """
    headers = Headers(scope=scope)
    hosts, origin, client = headers.getlist("host"), headers.get("origin"), scope.get("client")
    if len(hosts) != 1 or client is None or not _is_loopback(client[0]):
        return False
    if any(name.startswith("x-forwarded") or name in _FORWARDED for name in headers):
        return False
    try:
        is_here = urlsplit(f"//{hosts[0]}").hostname in HOSTS
        return is_here and (origin is None or urlsplit(origin).netloc == hosts[0])
    except ValueError:
        return False


def address_of(scope: Scope) -> str:
    """The network address of the peer, for IPv6 the first 64 bits, which one household has to itself."""
    client = scope.get("client")
    try:
        address = ip_address(client[0] if client else "")
    except ValueError:  # a socket without addresses
        return "unknown"
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or ip_network((address, 64), strict=False))


def is_known(data: bytes) -> bool:
    """Whether a message is of a kind that the pages send. The last of several kinds in a message would count."""
    try:
        for kind, content in _fields(data):
            if kind not in _KINDS:
                return False
            is_operation = kind == BackMsg.BACKEND_OPERATION_REQUEST_FIELD_NUMBER
            if is_operation and not {each for each, _ in _fields(content)} <= _OPERATIONS:
                return False
    except (ValueError, IndexError):
        return False
    return True


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a serialized message: number, and content if it has a length. Raises ValueError or IndexError."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        content = b""
        if tag & 7 == 0:
            _, place = _varint(data, place)
        elif tag & 7 == 2:
            length, place = _varint(data, place)
            content, place = data[place : place + length], place + length
            if place > len(data):
                raise ValueError("the message is cut off")
        else:
            raise ValueError("no field of these messages has another type")
        yield tag >> 3, content


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 64:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7
    raise ValueError("a number of more than 64 bits")


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
