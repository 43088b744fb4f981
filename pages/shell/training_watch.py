"""The part of the sidebar that watches a training: browsers poll over HTTP, and no script runs for that.

A fragment with `run_every` would cost the interpreter 3.5 ms for each poll. And one that begins
just when the run for a drawing ends makes Streamlit drop the rest of that run's output
(`AppSession` ignores events of a script runner that it has replaced): in a class, beside a
training, 1 lift of the pen in 120 got no prediction.
"""

import json
from urllib.parse import parse_qs

import streamlit as st
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

from pages.components import status_events
from pages.components.browser_window import window_name
from pages.components.training_html import CSS
from pages.components.training_status import TrainingStatus, open_windows, rerun_limit, shared_status

PATH = "/training-status"
_KEY = "training_watch"
_SCRIPT = """
export default function ({data, parentElement, setTriggerValue}) {
  const before = window.trainingStatus;
  window.trainingStatus = data.digest;
  if (before && before !== data.digest) window.dispatchEvent(new CustomEvent(data.event));
  parentElement.watching?.abort();
  const watching = parentElement.watching = new AbortController(), {signal} = watching;
  const place = parentElement.querySelector('.progress');
  let {html, seconds} = data, timer;
  place.innerHTML = html;
  const wait = () => {
    clearTimeout(timer);
    if (!signal.aborted) timer = setTimeout(poll, seconds * 1000);
  };
  const poll = async () => {
    try {
      if (document.hidden) return;
      const address = `${data.address}?window=${data.window}&digest=${data.digest}`;
      const status = await (await fetch(address, {signal})).json();
      if (status.html !== html) place.innerHTML = status.html;
      ({html, seconds} = status);
      if (status.rerun) setTriggerValue('rerun', true);
    } catch {  // the server is away: Streamlit says so, and polling goes on
    } finally {
      wait();
    }
  };
  document.addEventListener('visibilitychange', poll, {signal});
  wait();
  return () => watching.abort();
}
"""
_watch = st.components.v2.component(
    "training_watch", html='<div class="progress"></div>', css=f":host{{font-family:inherit}}{CSS}", js=_SCRIPT
)


def show(status: TrainingStatus) -> None:
    """Show the progress of the running training, if any, and rerun this fragment when the status has changed."""
    window = window_name()
    base = (config.get_option("server.baseUrlPath") or "").strip("/")
    _watch(
        data={
            "address": f"/{base}{PATH}" if base else PATH,
            "window": window,
            "digest": status.digest,
            "event": status_events.EVENT,
            "html": status.html,
            "seconds": open_windows().poll_seconds(window, training=status.is_training),
        },
        on_rerun_change=lambda: None,
        key=_KEY,
    )


def response(window: str, digest: str) -> bytes:
    """JSON for a window whose sidebar shows the status with `digest`: what to show, whether to rerun, when to poll."""
    status = shared_status().get()
    rerun = digest != status.digest and rerun_limit().allows()
    seconds = open_windows().poll_seconds(window, training=status.is_training)
    return json.dumps({"seconds": seconds, "rerun": rerun, "html": status.html}).encode()


class TrainingStatusEndpoint:
    """ASGI middleware that answers polls at `PATH`, before Streamlit's own middleware would compress them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a poll; pass any other request on."""
        if scope["type"] != "http" or not scope["path"].endswith(PATH):
            return await self._app(scope, receive, send)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        body = response(query.get("window", [""])[0][:64], query.get("digest", [""])[0])
        await Response(body, media_type="application/json", headers={"cache-control": "no-store"})(scope, receive, send)
