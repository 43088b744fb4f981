"""The presentation mode: canvas and prediction fill a projector's screen; it is in the address as `present=1`."""

import streamlit as st

from pages.components import url_state

_ADDRESS = "present"
# Only a click may ask the browser for its full screen. Where it is refused, the page fills the window.
# Escape leaves the full screen before the page hears of the key, hence the third listener.
_SCRIPT = """
export default function ({data, parentElement, setTriggerValue}) {
  parentElement.ended?.abort();
  const ended = parentElement.ended = new AbortController();
  const on = (name, act, capture) => document.addEventListener(name, act, {signal: ended.signal, capture});
  const leave = () => setTriggerValue('left', true);
  on('click', event => {
    if (event.target.closest?.('.st-key-present-start')) document.documentElement.requestFullscreen?.().catch(() => {});
    if (event.target.closest?.('.st-key-present-leave') && document.fullscreenElement) document.exitFullscreen();
  }, true);
  if (data.presented) {
    on('keydown', event => { if (event.key === 'Escape') leave() });
    on('fullscreenchange', () => { if (!document.fullscreenElement) leave() });
  }
  return () => {
    ended.abort();
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
  };
}
"""
_listen = st.components.v2.component("presentation", js=_SCRIPT)


def is_on() -> bool:
    """Whether the address asks for the presentation mode."""
    return url_state.read().get(_ADDRESS) == "1"


def show_button(presented: bool) -> None:
    """The button that starts the presentation, or leaves it."""
    if presented:
        st.button("Leave (Esc)", icon=":material/fullscreen_exit:", on_click=_set, args=(None,), key="present-leave")
    else:
        st.button("Present", icon=":material/fullscreen:", on_click=_set, args=("1",), key="present-start")


def listen(presented: bool) -> None:
    """Let the browser's full screen follow the button, and the Escape key leave the presentation."""
    _listen(data={"presented": presented}, on_left_change=_leave, key="presentation")


def _set(value: str | None) -> None:
    url_state.put(_ADDRESS, value)


def _leave() -> None:
    _set(None)
