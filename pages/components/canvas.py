"""The drawing area: a canvas that keeps its drawing, with undo and clear for mouse, touch and keyboard.

The drawing lives in the session, not in the widget, whose state Streamlit forgets when
another page is shown. The canvas is given its own copy (`initial`) only when it is mounted or
when undo or clear change it; a `revision` in it makes Fabric.js load it even when it equals
the last one.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st
from streamlit_drawable_canvas import st_canvas

from digit_core.preprocessing.fabric_canvas import Drawing, drawing_from_canvas, picture_object

SIZE = 280  # pixels, width and height
_WIDGET = "canvas"
_STATE = "drawing"
_MEMORY = "drawing_memory"
# Two things that the canvas has no option for:
# - Its own toolbar fades in beside it when the mouse is over it. Until then it lies, unseen, on
#   the canvas's upper right and takes the strokes that begin there: every one drawn with a
#   finger, which hovers over nothing. Undo and Clear below do all that it does.
# - It waits 200 ms after the pen was lifted before it sends the drawing. The toolbar's first
#   button sends it at once.
_SCRIPT = """
export default function () {
  const roots = new Set();
  let drawing = null;
  const adopt = () => {
    for (const host of document.querySelectorAll('[data-testid^="stBidiComponent"]')) {
      const root = host.shadowRoot;
      if (!root?.querySelector('.dc-toolbar') || roots.has(root)) continue;
      roots.add(root);
      if (!root.querySelector('#no-toolbar')) {
        const style = document.createElement('style');
        style.id = 'no-toolbar';
        style.textContent = '.dc-toolbar { display: none !important }';
        root.append(style);
      }
      for (const down of ['mousedown', 'touchstart'])
        root.addEventListener(down, event => {
          if (event.target.closest?.('canvas')) drawing = root;
        }, {capture: true, passive: true});
    }
  };
  const lifted = () => {
    const root = drawing;
    drawing = null;
    // After the canvas has made a stroke of it, which it does in this event's own turn.
    if (root) setTimeout(() => root.querySelector('.dc-toolbar button')?.click(), 0);
  };
  const timer = setInterval(adopt, 200);
  adopt();
  addEventListener('mouseup', lifted);
  addEventListener('touchend', lifted);
  return () => {
    clearInterval(timer);
    removeEventListener('mouseup', lifted);
    removeEventListener('touchend', lifted);
  };
}
"""
# The tab's own storage outlives what the session does not: a reload, a phone that slept, a server
# that was restarted. A session that has seen no drawing yet is given the one that is kept there.
_MEMORY_SCRIPT = """
const KEY = 'digit-lab-drawing';
export default function ({data, setTriggerValue}) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
    if (!data.fresh) sessionStorage.setItem(KEY, JSON.stringify(data.objects));
    else if (kept.length) setTriggerValue('kept', kept);
  } catch {}  // there is no storage, it is full, or holds something else: then a reload forgets
}
"""
_remember = st.components.v2.component("drawing_memory", js=_MEMORY_SCRIPT)
_improve_canvas = st.components.v2.component("canvas_improvements", js=_SCRIPT)
_PEN, _SLIDER = "pen_width", "pen_width_slider"


def show() -> Drawing:
    """Show the canvas with its controls and return what is on it. Raises InvalidStrokes."""
    state = _state()
    if not state["mounted"]:
        _put(state["objects"])
    # A widget's own state is forgotten on another page, so the pen's width is kept apart.
    st.session_state.setdefault(_SLIDER, st.session_state.get(_PEN, 18))
    st_canvas(
        stroke_width=st.session_state[_SLIDER],
        stroke_color="#ffffff",
        background_color="#000000",
        width=SIZE,
        height=SIZE,
        initial_drawing=state["initial"],
        on_change=_take,
        key=_WIDGET,
    )
    state["mounted"] = True
    with st.container(horizontal=True):
        empty = not state["objects"]
        st.button("Undo", icon=":material/undo:", on_click=_undo, disabled=empty, width="stretch")
        st.button("Clear", icon=":material/delete:", on_click=_clear, disabled=empty, width="stretch")
        # Folded away, so that on a phone the reading is in sight below the canvas.
        with st.popover("Pen", icon=":material/line_weight:", width="stretch"):
            st.session_state[_PEN] = st.slider("Pen width", 8, 30, format="%d px", key=_SLIDER)
    with st.container(gap=None):  # they show nothing, and take no room each
        _improve_canvas()
        _remember(data={"objects": state["objects"], "fresh": state["fresh"]}, on_kept_change=_recall, key=_MEMORY)
    return drawing_from_canvas(state["objects"])


def put_picture(image: np.ndarray, name: str) -> None:
    """Put a test image, uint8 (28, 28), on the canvas in place of what is there, which `put_back` brings back."""
    state = _state()
    if not _has_picture(state["objects"]):
        state["before"] = state["objects"]
    state["name"], state["fresh"] = name, False
    _put([picture_object(image, SIZE)])


def put_back() -> None:
    """Bring back what was on the canvas before a test image was put there."""
    _put(_state().pop("before", []))


def picture_name() -> str | None:
    """What the test image on the canvas is called; None if none is there."""
    state = _state()
    return state.get("name") if _has_picture(state["objects"]) else None


def has_more() -> bool:
    """Whether there is a drawing that a test image has taken the place of."""
    return bool(_state().get("before"))


def gone() -> None:
    """Another page is shown, so the browser has thrown the canvas away."""
    # Whether the widget is in the session's state cannot tell: a run that a newer stroke
    # interrupts drops it too, and giving the canvas a drawing then would wipe that stroke out.
    _state()["mounted"] = False


def _state() -> dict[str, Any]:
    blank = {"objects": [], "initial": {"objects": []}, "revision": 0, "mounted": False, "fresh": True}
    return st.session_state.setdefault(_STATE, blank)


def _has_picture(objects: list[dict]) -> bool:
    return any(str(item.get("type", "")).lower() == "image" for item in objects)


def _take() -> None:
    """The pen was lifted: keep what the canvas sent."""
    sent = st.session_state.get(_WIDGET)
    for name in ("drawing", "raw", "objects"):  # a browser can send anything at all
        sent = sent.get(name) if isinstance(sent, Mapping) else None
    state = _state()
    state["objects"], state["fresh"] = _shapes(sent), False


def _recall() -> None:
    """The browser has a drawing from before this session: go on with it, unless another was begun meanwhile."""
    kept = st.session_state[_MEMORY].kept
    state = _state()
    if state["fresh"] and isinstance(kept, list):
        state["fresh"] = False
        _put(_shapes(kept))


def _shapes(objects: object) -> list[dict]:
    return [item for item in objects if isinstance(item, dict)] if isinstance(objects, list) else []


def _undo() -> None:
    _put(_state()["objects"][:-1])


def _clear() -> None:
    _put([])


def _put(objects: list[dict]) -> None:
    """Change what is on the canvas from here."""
    state = _state()
    state["objects"] = objects
    state["revision"] += 1
    state["initial"] = {"objects": objects, "revision": state["revision"]}
