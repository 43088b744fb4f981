"""The part of the sidebar that watches a training: a browser asks over HTTP, and no script runs for it.

A fragment with `run_every` would cost the interpreter 3.5 ms at each look, whatever it draws. And
one that begins in the moment in which a drawing's own run ends makes Streamlit drop the rest of
what that run had to say (`AppSession` ignores events of a script runner that it has replaced): of
a class beside a training 1 lift of the pen in 120 stayed unanswered.
"""

import json
import uuid
from urllib.parse import parse_qs

import streamlit as st
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

from pages.components.training_html import CSS
from pages.components.training_status import (
    TrainingStatus,
    news_limit,
    open_windows,
    seconds_between_looks,
    shared_status,
)

PATH = "/training-status"
_WINDOW = "window_name"  # in a session
_SCRIPT = """
export default function ({data, parentElement, setTriggerValue}) {
  parentElement.stopWatching?.();
  const place = parentElement.querySelector('.progress');
  let timer = null, shown = place.innerHTML = data.html, stopped = false;
  const look = async () => {
    let seconds = data.seconds;
    if (!document.hidden) {
      try {
        const answer = await (await fetch(`${data.address}?window=${data.window}&panel=${data.panel}`)).json();
        if (stopped) return;
        seconds = answer.seconds;
        if (answer.html !== shown) place.innerHTML = shown = answer.html;
        if (answer.news) setTriggerValue('news', true);
      } catch {}  // the server is away: Streamlit says so, and this goes on when it is back
    }
    if (!stopped) timer = setTimeout(look, seconds * 1000);
  };
  const wake = () => { if (!document.hidden) { clearTimeout(timer); look(); } };
  timer = setTimeout(look, data.seconds * 1000);
  document.addEventListener('visibilitychange', wake);
  parentElement.stopWatching = () => {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', wake);
  };
  return parentElement.stopWatching;
}
"""
_watch = st.components.v2.component(
    "training_watch", html='<div class="progress"></div>', css=f":host{{font-family:inherit}}{CSS}", js=_SCRIPT
)


def show(status: TrainingStatus) -> None:
    """Show the progress of the training under way, if there is one, and rerun this fragment when there is news."""
    window = st.session_state.setdefault(_WINDOW, uuid.uuid4().hex)
    base = (config.get_option("server.baseUrlPath") or "").strip("/")
    _watch(
        data={
            "address": f"/{base}{PATH}" if base else PATH,
            "window": window,
            "panel": status.panel,
            "html": status.html,
            "seconds": seconds_between_looks(open_windows().heard(window), training=status.is_training),
        },
        on_news_change=lambda: None,
        key="training_watch",
    )


def answer(window: str, panel: str) -> bytes:
    """JSON for a window whose sidebar shows `panel`: what to show, whether to rerun, and when to ask again."""
    status = shared_status().get()
    seconds = seconds_between_looks(open_windows().heard(window), training=status.is_training)
    news = panel != status.panel and news_limit().allows()
    return json.dumps({"seconds": seconds, "news": news, "html": status.html}).encode()


class TrainingStatusEndpoint:
    """ASGI middleware that gives the answer at `PATH`, before Streamlit's own middleware compresses it each time."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        if scope["type"] != "http" or not scope["path"].endswith(PATH):
            return await self._app(scope, receive, send)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        body = answer(query.get("window", [""])[0][:64], query.get("panel", [""])[0])
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
