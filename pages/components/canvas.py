"""The drawing area, with undo and clear for mouse, touch and keyboard.

The canvas has `_PIXELS` pixels a side whatever its size on screen, which is CSS's alone (`--canvas-size` of
`draw_layout`): Fabric.js converts the pointer's position. So neither the drawing nor the prediction
depends on the window, and no size has to travel from the browser.

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
from pages.components import live_stroke
from pages.components.draw_layout import LARGEST

SIZE = 280  # units a side, of the drawing that `show` returns and of the pen's width
_PIXELS = LARGEST  # of the canvas itself, so that it is sharp at any size
_MOST_KEPT = 5  # drawings that were cleared or replaced
_WIDGET, _PEN, _STATE, _MEMORY = "canvas", "pen_width", "drawing", "drawing_memory"
_CLEARED, _PICTURE = "cleared", "replaced by a picture"  # why a drawing was kept
# The canvas has no option for any of these:
# - Its own toolbar fades in when the mouse is over it. Until then it lies, invisible, on the
#   canvas's upper right and takes the strokes that begin there: with a finger, always. Undo and
#   Clear below replace it.
# - It waits 200 ms after the pen was lifted before it sends the drawing. The toolbar's first
#   button sends it at once.
# - Its size on screen is its number of pixels.
_SCRIPT = """
export default function () {
  const sheet = new CSSStyleSheet(), ended = new AbortController();
  const options = {capture: true, passive: true, signal: ended.signal};
  let drawing = null;
  sheet.replaceSync(`.dc-toolbar { display: none !important }
    .dc-container, .canvas-container, canvas {
      width: var(--canvas-size, 280px) !important; height: var(--canvas-size, 280px) !important }`);
  let styled = false;
  const improve = () => {
    for (const {shadowRoot} of document.querySelectorAll('[data-testid^="stBidiComponent"]'))
      if (shadowRoot?.querySelector('.dc-toolbar') && !shadowRoot.adoptedStyleSheets.includes(sheet))
        styled = shadowRoot.adoptedStyleSheets.push(sheet);
    if (!styled && !ended.signal.aborted) requestAnimationFrame(improve);
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
  const timer = setInterval(improve, 200);
  improve();
  for (const name of ['mousedown', 'touchstart']) addEventListener(name, pressed, options);
  for (const name of ['mouseup', 'touchend']) addEventListener(name, lifted, options);
  return () => {
    clearInterval(timer);
    ended.abort();
  };
}
"""
# A session ends with a reload, a phone's sleep or a restart of the server; the tab's storage does
# not. A session without a drawing yet is given the one stored there, with those that test images replaced.
_MEMORY_SCRIPT = """
const KEY = 'digit-lab-canvas';
export default function ({data, setTriggerValue}) {
  const {fresh, ...drawings} = data;
  try {
    const stored = JSON.parse(sessionStorage.getItem(KEY) ?? '{}');
    if (fresh && (stored.objects?.length || stored.replaced?.length)) setTriggerValue('stored', stored);
    else sessionStorage.setItem(KEY, JSON.stringify(drawings));
  } catch {}  // no storage, or it is full or damaged: the drawing does not survive a reload
}
"""
_remember = st.components.v2.component("drawing_memory", js=_MEMORY_SCRIPT)
_improve_canvas = st.components.v2.component("canvas_improvements", js=_SCRIPT)


def show() -> Drawing:
    """Show the canvas with its controls and return what is on it, in `SIZE` units a side. Raises InvalidStrokes.

    While the pen is down, the stroke under way is part of it: see `live_stroke`.
    """
    state = _state()
    if not state["mounted"]:
        _put(state["objects"])
    with st.container(key="canvas-place", gap=None):
        st_canvas(
            stroke_width=_pen(),
            stroke_color="#ffffff",
            background_color="#000000",
            width=_PIXELS,
            height=_PIXELS,
            initial_drawing=state["initial"],
            on_change=_take,
            key=_WIDGET,
        )
    state["mounted"] = True
    objects, kept = state["objects"], state["kept"]
    replaced = [drawing for drawing in kept if drawing["by"] == _PICTURE]
    with st.container(horizontal=True):
        cleared = not objects and bool(kept)
        st.button("Undo", icon=":material/undo:", on_click=_undo, disabled=not objects and not cleared, width="stretch")
        st.button("Clear", icon=":material/delete:", on_click=_clear, disabled=not objects, width="stretch")
        # In a popover, so that on a phone the prediction is in sight below the canvas.
        with st.popover("Pen", icon=":material/line_weight:", width="stretch"):
            st.slider("Pen width", 8, 30, 18, format="%d px", key=_PEN, persist_state="session")
    if _has_picture(objects):
        name = state.get("name", "a test image")
        st.caption(f"On the canvas: {name}. The model gets its own pixels; strokes over it become part of it.")
    if replaced:
        st.button("Restore drawing", icon=":material/history:", on_click=_restore_replaced)
    with st.container(gap=None, key="silent-canvas"):  # these show nothing and should take no room
        _improve_canvas()
        _remember(
            data={
                "objects": objects,
                "replaced": [drawing["objects"] for drawing in replaced],
                "fresh": state["fresh"],
            },
            on_stored_change=_restore_stored,
            key=_MEMORY,
        )
    return drawing_from_canvas([*objects, *live_stroke.take(_pen())]).scaled(SIZE / _PIXELS)


def put_picture(image: np.ndarray, name: str) -> None:
    """Replace what is on the canvas by a test image, uint8 (28, 28); *Restore drawing* undoes that."""
    state = _state()
    _keep(_PICTURE)
    # A session that has seen no drawing stays fresh: the browser may have one from before it (a
    # page opened by a link), and is asked for it before this picture is stored over it.
    state["name"] = name
    _put([picture_object(image, _PIXELS)])


def unmounted() -> None:
    """Note that another page is shown, so that the browser has thrown the canvas away."""
    # Whether the widget is in the session's state cannot tell: a run that a newer stroke
    # interrupts drops it too, and giving the canvas a drawing then would wipe that stroke out.
    _state()["mounted"] = False


def _state() -> dict[str, Any]:
    blank = {"objects": [], "initial": {"objects": []}, "revision": 0, "mounted": False, "fresh": True, "kept": []}
    return st.session_state.setdefault(_STATE, blank)


def _pen() -> int:
    """The width of the pen in pixels of the canvas itself."""
    return st.session_state.get(_PEN, 18) * _PIXELS // SIZE


def _has_picture(objects: list[dict]) -> bool:
    return any(str(item.get("type", "")).lower() == "image" for item in objects)


def _take() -> None:
    """Keep what the canvas sent when the pen was lifted."""
    sent = st.session_state.get(_WIDGET)
    for name in ("drawing", "raw", "objects"):  # a browser can send anything at all
        sent = sent.get(name) if isinstance(sent, Mapping) else None
    _state().update(objects=_shapes(sent), fresh=False)
    live_stroke.lifted()


def _restore_stored() -> None:
    """Take the drawing that the browser stored before this session; below a picture or strokes, keep it for later."""
    stored, state = st.session_state[_MEMORY].stored, _state()
    if not isinstance(stored, Mapping) or not (state["fresh"] or state["objects"]):
        return
    replaced = stored.get("replaced")
    earlier = [_shapes(objects) for objects in replaced[:_MOST_KEPT]] if isinstance(replaced, list) else []
    objects = _shapes(stored.get("objects"))
    if state["objects"]:
        earlier.append(objects)
    known = [drawing["objects"] for drawing in state["kept"]] + [state["objects"], []]
    found = [{"objects": each, "by": _PICTURE} for each in earlier if each not in known and not _only_picture(each)]
    state["kept"] = (found + state["kept"])[-_MOST_KEPT:]
    state["fresh"] = False
    if not state["objects"]:
        _put(objects)


def _shapes(objects: object) -> list[dict]:
    return [item for item in objects if isinstance(item, dict)] if isinstance(objects, list) else []


def _only_picture(objects: list[dict]) -> bool:
    return bool(objects) and all(_has_picture([item]) for item in objects)


def _keep(by: str) -> None:
    """Keep what is on the canvas before it is cleared or replaced; a picture that is replaced has no drawing in it."""
    state = _state()
    objects = state["objects"]
    if objects and not (by == _PICTURE and _only_picture(objects)):
        state["kept"] = [*state["kept"], {"objects": objects, "by": by, "name": state.get("name")}][-_MOST_KEPT:]


def _restore(drawing: dict[str, Any]) -> None:
    _state()["name"] = drawing.get("name") or "a test image"
    _put(drawing["objects"])


def _restore_replaced() -> None:
    """Bring back the last drawing that a picture replaced; strokes that it replaces now are kept in turn."""
    state = _state()
    places = [place for place, drawing in enumerate(state["kept"]) if drawing["by"] == _PICTURE]
    if places:
        drawing = state["kept"].pop(places[-1])
        if not _only_picture(state["objects"]):
            _keep(_CLEARED)
        _restore(drawing)


def _undo() -> None:
    """Take the last stroke away, or bring back what was cleared."""
    state = _state()
    if state["objects"]:
        _put(state["objects"][:-1])
    elif state["kept"]:
        _restore(state["kept"].pop())


def _clear() -> None:
    _keep(_CLEARED)
    _put([])


def _put(objects: list[dict]) -> None:
    """Replace what is on the canvas."""
    state = _state()
    state["objects"] = objects
    state["revision"] += 1
    state["initial"] = {"objects": objects, "revision": state["revision"]}
