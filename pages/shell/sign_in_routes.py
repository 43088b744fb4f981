"""Signing in over HTTP: the owner's cookie, which only a response can set, and what went wrong at a provider."""

from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

from digit_core.access.owner_tokens import LIFETIME
from pages.components.identity import COOKIE, owner_tokens

PATH = "/owner-session"
PROBLEM_COOKIE = "digit-lab-sign-in"
_PROBLEM_SECONDS = 60  # for which a page that is opened tells of the problem
_LONGEST = 200  # bytes of a token
_LOGIN, _CALLBACK = "/auth/login", "/oauth2callback"  # Streamlit's
_USER_COOKIE = b"_streamlit_user="


class SignInRoutes:
    """ASGI middleware that answers `PATH` and looks after Streamlit's routes for accounts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request about the owner's cookie; pass any other on."""
        path = scope["path"] if scope["type"] == "http" else ""
        if path == base() + PATH:
            response = await _owner_session(Request(scope, receive))
            await response(scope, receive, send)
        elif path in (base() + _LOGIN, base() + _CALLBACK):
            await self._account(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _account(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go back to the app where signing in fails, with a cookie that says how."""
        is_callback = scope["path"].endswith(_CALLBACK)
        problem = "denied" if "error" in parse_qs(scope["query_string"].decode("latin-1")) else "failed"
        is_replaced = False

        async def change(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start":
                if is_callback and message["status"] < 400:
                    if not _signs_in(message):
                        cookie = _problem_cookie(problem).raw_headers[-1]
                        message = {**message, "headers": [*message["headers"], cookie]}
                elif message["status"] >= 400:
                    is_replaced = True
                    response = RedirectResponse(base() + "/", 302)
                    _set_problem(response, "failed" if is_callback else "unreachable")
                    await response(scope, receive, send)
            if not is_replaced:
                await send(message)

        await self._app(scope, receive, change)


def base() -> str:
    """The path below which the app is, without a slash at its end."""
    path = (config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


async def _owner_session(request: Request) -> Response:
    """Give the browser a valid token as a cookie, or take it away if none is sent."""
    origin, host = request.headers.get("origin"), request.headers.get("host")
    if request.method != "POST" or (origin is not None and urlsplit(origin).netloc != host):
        return Response(status_code=405)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST:
            return Response(status_code=413)
    response = Response(status_code=204)
    token = body.decode("latin-1")
    if not token:
        response.delete_cookie(COOKIE, base() or "/", httponly=True, samesite="strict")
    elif owner_tokens().is_valid(token):
        is_https = request.url.scheme == "https"
        response.set_cookie(
            COOKIE, token, LIFETIME, path=base() or "/", secure=is_https, httponly=True, samesite="strict"
        )
    else:
        return Response(status_code=403)
    return response


def _signs_in(message: Message) -> bool:
    cookies = Headers(raw=message["headers"]).getlist("set-cookie")
    prefix = _USER_COOKIE.decode()
    return any(cookie.startswith(prefix) and not cookie.startswith((f'{prefix}"', f"{prefix};")) for cookie in cookies)


def _problem_cookie(problem: str) -> Response:
    response = Response()
    _set_problem(response, problem)
    return response


def _set_problem(response: Response, problem: str) -> None:
    response.set_cookie(PROBLEM_COOKIE, problem, _PROBLEM_SECONDS, path=base() or "/", httponly=True, samesite="lax")
