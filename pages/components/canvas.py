"""The drawing area, with undo and clear for mouse, touch and keyboard.

The drawing lives in the session, not in the widget, whose state Streamlit forgets when another
page is shown. The canvas is given its own copy (`initial`) only when it is mounted or when undo or
clear change it; a `revision` makes Fabric.js load even a drawing that equals the last one.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st
from streamlit_drawable_canvas import st_canvas

from digit_core.preprocessing.fabric_canvas import Drawing, drawing_from_canvas, picture_object

SIZE = 280  # pixels, width and height
_WIDGET, _PEN, _STATE, _MEMORY = "canvas", "pen_width", "drawing", "drawing_memory"
# The canvas has no option for either of these:
# - Its own toolbar fades in when the mouse is over it. Until then it lies, invisible, on the
#   canvas's upper right and takes the strokes that begin there: with a finger, always. Undo and
#   Clear below replace it.
# - It waits 200 ms after the pen was lifted before it sends the drawing. The toolbar's first
#   button sends it at once.
_SCRIPT = """
export default function () {
  const sheet = new CSSStyleSheet(), ended = new AbortController();
  const options = {capture: true, passive: true, signal: ended.signal};
  let drawing = null;
  sheet.replaceSync('.dc-toolbar { display: none !important }');
  const hideToolbar = () => {
    for (const {shadowRoot} of document.querySelectorAll('[data-testid^="stBidiComponent"]'))
      if (shadowRoot?.querySelector('.dc-toolbar') && !shadowRoot.adoptedStyleSheets.includes(sheet))
        shadowRoot.adoptedStyleSheets.push(sheet);
  };
  const pressed = event => {
    const [target] = event.composedPath();
    if (target.closest?.('canvas')) drawing = target.getRootNode();
  };
  const lifted = () => {
    const button = drawing?.querySelector('.dc-toolbar button');
    drawing = null;
    setTimeout(() => button?.click(), 0);  // after this event, in which the canvas adds the stroke
  };
  const timer = setInterval(hideToolbar, 200);
  hideToolbar();
  for (const name of ['mousedown', 'touchstart']) addEventListener(name, pressed, options);
  for (const name of ['mouseup', 'touchend']) addEventListener(name, lifted, options);
  return () => {
    clearInterval(timer);
    ended.abort();
  };
}
"""
# A session ends with a reload, a phone's sleep or a restart of the server; the tab's storage does
# not. A session without a drawing yet is given the one stored there.
_MEMORY_SCRIPT = """
const KEY = 'digit-lab-drawing';
export default function ({data, setTriggerValue}) {
  try {
    const stored = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
    if (!data.fresh) sessionStorage.setItem(KEY, JSON.stringify(data.objects));
    else if (stored.length) setTriggerValue('stored', stored);
  } catch {}  // no storage, or it is full or damaged: the drawing does not survive a reload
}
"""
_remember = st.components.v2.component("drawing_memory", js=_MEMORY_SCRIPT)
_improve_canvas = st.components.v2.component("canvas_improvements", js=_SCRIPT)


def show() -> Drawing:
    """Show the canvas with its controls and return what is on it. Raises InvalidStrokes."""
    state = _state()
    if not state["mounted"]:
        _put(state["objects"])
    st_canvas(
        stroke_width=st.session_state.get(_PEN, 18),
        stroke_color="#ffffff",
        background_color="#000000",
        width=SIZE,
        height=SIZE,
        initial_drawing=state["initial"],
        on_change=_take,
        key=_WIDGET,
    )
    state["mounted"] = True
    objects = state["objects"]
    with st.container(horizontal=True):
        st.button("Undo", icon=":material/undo:", on_click=_undo, disabled=not objects, width="stretch")
        st.button("Clear", icon=":material/delete:", on_click=_put, args=([],), disabled=not objects, width="stretch")
        # In a popover, so that on a phone the prediction is in sight below the canvas.
        with st.popover("Pen", icon=":material/line_weight:", width="stretch"):
            st.slider("Pen width", 8, 30, 18, format="%d px", key=_PEN, persist_state="session")
    if _has_picture(objects):
        name = state.get("name", "a test image")
        st.caption(f"On the canvas: {name}. The model gets its own pixels; strokes over it become part of it.")
    if state.get("before"):
        st.button("Restore drawing", icon=":material/history:", on_click=_restore_replaced)
    with st.container(gap=None):  # these show nothing and should take no room
        _improve_canvas()
        _remember(data={"objects": objects, "fresh": state["fresh"]}, on_stored_change=_restore_stored, key=_MEMORY)
    return drawing_from_canvas(objects)


def put_picture(image: np.ndarray, name: str) -> None:
    """Replace what is on the canvas by a test image, uint8 (28, 28); *Restore drawing* undoes that."""
    state = _state()
    if not _has_picture(state["objects"]):
        state["before"] = state["objects"]
    state["name"], state["fresh"] = name, False
    _put([picture_object(image, SIZE)])


def unmounted() -> None:
    """Note that another page is shown, so that the browser has thrown the canvas away."""
    # Whether the widget is in the session's state cannot tell: a run that a newer stroke
    # interrupts drops it too, and giving the canvas a drawing then would wipe that stroke out.
    _state()["mounted"] = False


def _state() -> dict[str, Any]:
    blank = {"objects": [], "initial": {"objects": []}, "revision": 0, "mounted": False, "fresh": True}
    return st.session_state.setdefault(_STATE, blank)


def _has_picture(objects: list[dict]) -> bool:
    return any(str(item.get("type", "")).lower() == "image" for item in objects)


def _take() -> None:
    """Keep what the canvas sent when the pen was lifted."""
    sent = st.session_state.get(_WIDGET)
    for name in ("drawing", "raw", "objects"):  # a browser can send anything at all
        sent = sent.get(name) if isinstance(sent, Mapping) else None
    _state().update(objects=_shapes(sent), fresh=False)


def _restore_stored() -> None:
    """Take the drawing that the browser stored before this session, unless another was begun meanwhile."""
    stored = st.session_state[_MEMORY].stored
    if _state()["fresh"] and isinstance(stored, list):
        _state()["fresh"] = False
        _put(_shapes(stored))


def _shapes(objects: object) -> list[dict]:
    return [item for item in objects if isinstance(item, dict)] if isinstance(objects, list) else []


def _restore_replaced() -> None:
    _put(_state().pop("before", []))


def _undo() -> None:
    _put(_state()["objects"][:-1])


def _put(objects: list[dict]) -> None:
    """Replace what is on the canvas."""
    state = _state()
    state["objects"] = objects
    state["revision"] += 1
    state["initial"] = {"objects": objects, "revision": state["revision"]}
