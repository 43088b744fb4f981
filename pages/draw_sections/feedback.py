"""What the digit on the canvas really is: ten small buttons and "Not a digit", or the keys 0 to 9; and Undo.

Nobody is asked: the buttons are there, and a person who says nothing is left alone.
"""

from collections.abc import Mapping

import streamlit as st

from digit_core import Prediction
from digit_core.drawings.labelled import LABELS, NOT_A_DIGIT
from digit_core.preprocessing.fabric_canvas import Drawing
from pages.components import labels, live_stroke

_WIDGET, _SHOWN = "feedback", "feedback_shown"
_STYLE = """
.feedback{font-family:inherit;color:var(--st-text-color,inherit);font-size:var(--card-font,1rem)}
.ask{font-size:.9em;margin-bottom:.35em}.ask b{font-weight:600}
.keys{display:grid;grid-template-columns:repeat(10,minmax(1.6em,1fr));gap:.25em;max-width:32em}
button{all:unset;box-sizing:border-box;cursor:pointer;text-align:center;min-height:2.1em;border-radius:.45em;
  font-variant-numeric:tabular-nums;border:1px solid var(--st-border-color,rgba(127,127,127,.4))}
.wide{grid-column:span 4;font-size:.9em}
button:hover:not(:disabled){border-color:var(--st-primary-color,#0b66c3)}
button:focus-visible{outline:3px solid var(--st-primary-color,#0b66c3);outline-offset:1px}
button:disabled{opacity:.4;cursor:default}
button[aria-pressed=true]{background:#237032;border-color:#237032;color:#fff;opacity:1}
.problem{font-size:.85em;line-height:1.35;margin-top:.35em}
"""
_HTML = (
    '<div class="feedback"><div class="ask" aria-live="polite"></div>'
    '<div class="keys" role="group" aria-label="What is it?">'
    + "".join(f'<button type="button" data-value="{digit}">{digit}</button>' for digit in range(10))
    + f'<button type="button" class="wide" data-value="{NOT_A_DIGIT}">Not a digit</button>'
    '<button type="button" class="wide" data-value="undo">Remove label</button></div>'
    '<div class="problem" role="status"></div></div>'
)
_SCRIPT = """
const PATIENCE = 2000;  // milliseconds
export default function ({data, parentElement, setTriggerValue}) {
  const root = parentElement.querySelector('.feedback');
  const send = value => setTriggerValue('labelled', {token: data.token, value});
  // A key pressed just after the lift of the pen is for the drawing that the server is about to answer.
  const pressed = root.pressed;
  if (data.token && pressed) {
    root.pressed = null;
    if (performance.now() - pressed.at < PATIENCE) send(pressed.value);
  }
  for (const button of root.querySelectorAll('button')) {
    const value = button.dataset.value === 'undo' ? null : Number(button.dataset.value);
    button.disabled = !data.token || (value === null && data.label === null);
    button.setAttribute('aria-pressed', String(value !== null && value === data.label));
    button.onclick = () => send(value);
  }
  root.querySelector('.ask').textContent = data.says;
  root.querySelector('.problem').textContent = data.problem;
  root.ended?.abort();
  const {signal} = root.ended = new AbortController();
  addEventListener('keydown', event => {
    const [target] = event.composedPath();
    const types = target.matches?.('input, textarea, select, [contenteditable=true]');
    // A key pressed in a dialog or on another component with digits of its own is not for this drawing.
    const elsewhere = document.querySelector('[role=dialog]') || target.closest?.('.reader');
    if (types || elsewhere || event.repeat || event.altKey || event.ctrlKey || event.metaKey) return;
    if (!/^[0-9]$/.test(event.key)) return;
    if (data.token) send(Number(event.key));
    else root.pressed = {value: Number(event.key), at: performance.now()};
  }, {signal});
  return () => root.ended.abort();
}
"""
_buttons = st.components.v2.component("feedback", html=_HTML, css=_STYLE, js=_SCRIPT)


def show(prediction: Prediction, drawing: Drawing, run: str) -> None:
    """The buttons for the drawing on the canvas, which the run of that name predicted.

    While a stroke is under way there is nothing to say yet, and they are disabled.
    """
    token = "" if live_stroke.is_under_way() else labels.token_of(prediction, run)
    st.session_state[_SHOWN] = (token, prediction, drawing, run) if token else None
    label = labels.given(token)
    problem = labels.problem()
    with st.container(key="feedback-room"):
        _buttons(
            data={"token": token, "label": label, "says": _sentence(label, bool(problem)), "problem": problem},
            on_labelled_change=_receive,
            key=_WIDGET,
        )


def _sentence(label: int | None, is_waiting: bool) -> str:
    if label is None:
        return "Is this right? Choose the digit, or press 0 to 9."
    said = "Not a digit" if label == NOT_A_DIGIT else f"It is a {label}"
    return f"{said}." if is_waiting else f"{said}: stored in My drawings."


def _receive() -> None:
    sent, shown = st.session_state[_WIDGET].labelled, st.session_state.get(_SHOWN)
    if shown is None or not isinstance(sent, Mapping) or sent.get("token") != shown[0]:
        return  # the drawing has changed since; a browser can send anything, too
    value = sent.get("value")
    if value is not None and (type(value) is not int or value not in LABELS):
        return
    token, prediction, drawing, run = shown
    strokes = None if drawing.picture is not None else drawing.strokes
    labels.save(token, value, prediction, "canvas", run, strokes=strokes)
