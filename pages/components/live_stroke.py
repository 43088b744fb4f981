"""The stroke under way: its points come from the browser while the pen is still down.

The browser sends the next message only once the last one is answered, and after the pause that the
answer asks for. So a slow line lowers the rate and nothing queues up; and the windows in which people
draw at the same time share what a processor has left, so that a class still gets its predictions at
the lift of the pen.
"""

import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.components.draw_layout import LARGEST

_STATE, _WIDGET = "live_stroke", "live_stroke_points"
_SHARE = 0.2  # of a processor: for all strokes under way, if several people draw ...
_BUSY = 0.5  # ... but next to nothing for them once the app uses this share of one for everything:
_BUSY_PAUSE = 0.4  # seconds for each window that draws, but at least the longest pause
_MEASURED = 1.0  # seconds: how often that is measured
_RECENT = 5.0  # seconds: a window that has drawn in this time counts as drawing
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.08, 10.0  # seconds; the browser draws the stroke meanwhile
# `parentElement` outlives the calls of the function, which Streamlit repeats whenever `data` changes.
_SCRIPT = """
const MOST_POINTS = 1000, LOST = 5000;  // milliseconds after which an answer no longer comes
export default function ({data, parentElement, setTriggerValue}) {
  const live = parentElement.live ??= {sent: 0, answered: null, at: 0, due: 0, points: null, fresh: false};
  live.send = setTriggerValue;
  live.pixels = data.pixels;
  if (live.answered !== data.answered) {
    if (live.answered === null) live.sent = data.answered;
    live.answered = data.answered;
    live.due = performance.now() + data.pause;
  }
  const attempt = () => {
    clearTimeout(live.timer);
    const now = performance.now();
    if (!live.points || !live.fresh || (live.sent !== live.answered && now < live.at + LOST)) return;
    if (now < live.due) {
      live.timer = setTimeout(attempt, live.due - now);
      return;
    }
    const every = Math.ceil(live.points.length / MOST_POINTS), last = live.points.length - 1;
    live.sent = Math.max(live.sent, live.answered) + 1;
    live.at = now;
    live.fresh = false;
    live.send('points', {number: live.sent, points: live.points.filter((_, i) => i % every === 0 || i === last)});
  };
  live.attempt = attempt;
  attempt();
  if (live.ended) return;
  live.ended = new AbortController();
  const add = event => {
    const {clientX, clientY} = event.touches?.[0] ?? event, box = live.canvas.getBoundingClientRect();
    const scale = live.pixels / box.width, round = value => Math.round(value * 10) / 10;
    live.points.push([round((clientX - box.left) * scale), round((clientY - box.top) * scale)]);
    live.fresh = true;
  };
  const pressed = event => {
    const canvas = event.composedPath()[0].closest?.('canvas');
    if (!canvas || event.button || event.touches?.length > 1) return;
    live.canvas = canvas;
    live.points = [];
    add(event);
  };
  const moved = event => {
    if (!live.points) return;
    add(event);
    live.attempt();
  };
  const lifted = () => { live.points = null };
  const options = {capture: true, passive: true, signal: live.ended.signal};
  for (const name of ['mousedown', 'touchstart']) addEventListener(name, pressed, options);
  for (const name of ['mousemove', 'touchmove']) addEventListener(name, moved, options);
  for (const name of ['mouseup', 'touchend', 'touchcancel']) addEventListener(name, lifted, options);
  return () => {
    live.ended.abort();
    clearTimeout(live.timer);
    delete parentElement.live;
  };
}
"""
_listen = st.components.v2.component("live_stroke", js=_SCRIPT)


class SharedLoad:
    """How long windows should pause after a prediction for a stroke under way; used by all sessions' threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._drawing: dict[str, float] = {}  # when each window drew last
        self._seconds = 0.03  # of processor that a prediction takes, on average
        self._measured_at, self._processor, self._used = 0.0, 0.0, 0.0

    def pause(self, window: str, seconds: float, now: float, processor: float) -> float:
        """Note that a window has drawn, which took `seconds` of a processor; how many seconds it should pause.

        `now` and `processor` are seconds of the clock and of processor time that the app has used so far.
        """
        with self._lock:
            if now >= self._measured_at + _MEASURED:
                self._used = (processor - self._processor) / (now - self._measured_at)
                self._measured_at, self._processor = now, processor
            self._seconds += 0.1 * (seconds - self._seconds)
            self._drawing[window] = now
            self._drawing = {each: at for each, at in self._drawing.items() if at > now - _RECENT}
            others = len(self._drawing) - 1
            if others and self._used > _BUSY:
                return max(_LONGEST_PAUSE, others * _BUSY_PAUSE)
            return min(max(others * self._seconds / _SHARE, _SHORTEST_PAUSE), _LONGEST_PAUSE)


_load = SharedLoad()


def take(pen_width: int) -> list[dict[str, Any]]:
    """The stroke under way as a Fabric object, unchecked, in a list that is empty if there is none.

    It counts for one run of the script, and not for the run in which the canvas sends it as a whole.
    """
    state = _state()
    points, lifted = state.pop("points", None), state.pop("lifted", False)
    state["under_way"] = not lifted and isinstance(points, list) and len(points) > 1
    if not state["under_way"]:
        return []
    path = [["L" if place else "M", *(point if isinstance(point, list) else ())] for place, point in enumerate(points)]
    return [{"type": "path", "path": path, "strokeWidth": pen_width}]


def is_under_way() -> bool:
    """Whether the drawing that is shown in this run has a stroke that is not finished."""
    return _state().get("under_way", False)


def lifted() -> None:
    """Note that the canvas has sent the whole drawing, with the stroke that was under way."""
    _state()["lifted"] = True


def answer(started: float) -> None:
    """Tell the browser that its last message is answered; the last call of the run that shows the prediction.

    `started`: `time.thread_time()` at the start of this run.
    """
    state = _state()
    pause = _load.pause(state["window"], time.thread_time() - started, time.monotonic(), time.process_time())
    with st.container(gap=None, key="silent-stroke"):
        _listen(
            data={"answered": state["answered"], "pause": round(1000 * pause), "pixels": LARGEST},
            on_points_change=_receive,
            key=_WIDGET,
        )


def _receive() -> None:
    sent = st.session_state[_WIDGET].points
    if isinstance(sent, Mapping) and isinstance(number := sent.get("number"), int):  # a browser can send anything
        _state().update(answered=number, points=sent.get("points"))


def _state() -> dict[str, Any]:
    return st.session_state.setdefault(_STATE, {"answered": 0, "window": uuid.uuid4().hex})
