"""A picture with a box around each of its digits; a box can be selected and corrected by keyboard, mouse and finger.

Tab and the arrow keys lead from box to box, a digit typed there corrects it, Delete says that it is
none, Escape takes that back. The same is below the picture as small buttons, for phones.
"""

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st
from PIL import Image

from digit_core.drawings.labelled import LABELS, NOT_A_DIGIT
from pages.components.image_html import photo_uri
from pages.components.percentages import probability
from pages.draw_sections import corrections, text_edits
from pages.draw_sections.corrections import Box, Corrections, DigitBox, Line

_HINT = "Select a digit to see its probabilities or to correct it. Corrections are stored in My drawings."
_LARGEST = 900, 700  # pixels, a picture on screen
_MOST_BOXES = 600
_STYLE = """
.reader{container-type:inline-size;font-family:inherit;color:var(--st-text-color,inherit);font-size:var(--card-font,1rem)}
.view{position:relative;display:inline-block;max-width:100%;padding-top:1.1em;line-height:0}
.view img{display:block;max-width:100%;height:auto;border-radius:.4rem}
.boxes{position:absolute;inset:1.1em 0 0 0}
button{all:unset;box-sizing:border-box;cursor:pointer}
.boxes button{position:absolute;border:2px solid #1971c2;outline:1px solid rgba(255,255,255,.75);border-radius:3px;
  container-type:inline-size;min-width:8px;min-height:8px}
.boxes span{position:absolute;left:-2px;bottom:100%;background:#1864ab;color:#fff;font:600 11px/15px sans-serif;
  padding:0 3px;border-radius:3px 3px 0 0;white-space:nowrap}
.boxes small{font-size:10px;font-weight:400}
@container (max-width:3em){.boxes small{display:none}}
.boxes .doubtful{border:2px dashed #e8590c}.boxes .doubtful span{background:#b3420a}
.boxes .corrected{border-color:#2b8a3e}.boxes .corrected span{background:#237032}
.boxes .none{border-color:#868e96}.boxes .none span{background:#5c636a}
.boxes .chosen{box-shadow:0 0 0 3px #fff,0 0 0 6px var(--st-primary-color,#0b66c3);z-index:2}
.says{min-height:1.5em;margin:.5em 0 .3em;font-size:.9em;line-height:1.5}
.keys{display:grid;grid-template-columns:repeat(12,1fr);gap:.3em;max-width:36em}
.keys button{text-align:center;min-height:2.35em;border-radius:.5em;font-variant-numeric:tabular-nums;
  border:1px solid var(--st-border-color,rgba(127,127,127,.4))}
.keys .wide{grid-column:span 6;font-size:.9em}
@container (max-width:30em){.keys{grid-template-columns:repeat(6,1fr)}.keys .wide{grid-column:span 3}}
.keys button:hover:not(:disabled){border-color:var(--st-primary-color,#0b66c3)}
.keys button:focus-visible{outline:3px solid var(--st-primary-color,#0b66c3);outline-offset:1px}
.keys button:disabled{opacity:.4;cursor:default}
"""
_KEYS = (
    '<button type="button" data-step="-1" aria-label="Previous digit">‹</button>'
    + "".join(f'<button type="button" data-value="{digit}">{digit}</button>' for digit in range(10))
    + '<button type="button" data-step="1" aria-label="Next digit">›</button>'
    + f'<button type="button" class="wide" data-value="{NOT_A_DIGIT}">Not a digit</button>'
    + '<button type="button" class="wide" data-value="undo">Remove correction</button>'
)
_HTML = (
    '<div class="reader"><div class="view"></div><div class="says" aria-live="polite"></div>'
    f'<div class="keys" role="group" aria-label="Correct the selected digit">{_KEYS}</div></div>'
)
_SCRIPT = (
    f"const NOT_A_DIGIT = {NOT_A_DIGIT};"
    + """
export default function ({data, parentElement, setTriggerValue}) {
  const reader = parentElement.querySelector('.reader');
  const [view, says, keys] = ['.view', '.says', '.keys'].map(name => reader.querySelector(name));
  const boxes = () => [...view.querySelectorAll('button')];
  const chosen = () => boxes()[reader.chosen];
  const show = () => {
    const box = chosen();
    for (const one of boxes()) one.classList.toggle('chosen', one === box);
    says.textContent = box ? box.getAttribute('aria-label') : data.hint;
    for (const key of keys.querySelectorAll('[data-value]'))
      key.disabled = !box || (key.dataset.value === 'undo' && box.dataset.corrected !== '1');
  };
  const choose = (index, focus) => {
    if (!boxes().length) return;
    reader.chosen = Math.max(0, Math.min(index, boxes().length - 1));
    show();
    if (focus) chosen().focus({preventScroll: true});
  };
  // An open card follows the selection, once that rests.
  const step = (index, focus) => {
    choose(index, focus);
    clearTimeout(reader.following);
    reader.following = setTimeout(() => {
      const box = chosen()?.dataset.box;
      if (reader.opened && box && box !== reader.opened) setTriggerValue('opened', JSON.parse(box));
    }, 250);
  };
  const correct = value => chosen() && setTriggerValue('corrected', {box: JSON.parse(chosen().dataset.box), value});
  // A box in the line above or below, the nearest in its row.
  const beside = way => {
    const here = chosen(), line = Number(here.dataset.line) + way, x = here.offsetLeft;
    const others = boxes().map((box, index) => [box, index]).filter(([box]) => Number(box.dataset.line) === line);
    others.sort(([a], [b]) => Math.abs(a.offsetLeft - x) - Math.abs(b.offsetLeft - x));
    return others[0]?.[1] ?? reader.chosen;
  };
  if (reader.html !== data.html) {
    const inBoxes = view.contains(reader.getRootNode().activeElement);
    view.innerHTML = reader.html = data.html;
    if (reader.source !== data.source) reader.chosen = undefined;
    reader.source = data.source;
    show();
    if (inBoxes) chosen()?.focus({preventScroll: true});
  }
  reader.opened = data.opened;
  const index = event => boxes().indexOf(event.target.closest('button'));
  view.onfocusin = null;
  reader.listens?.abort();
  const signal = (reader.listens = new AbortController()).signal;
  view.addEventListener('focusin', event => index(event) >= 0 && choose(index(event), false), {signal});
  view.addEventListener('click', event => {
    if (index(event) < 0) return;
    choose(index(event), true);
    setTriggerValue('opened', JSON.parse(chosen().dataset.box));
  }, {signal});
  keys.addEventListener('click', event => {
    const key = event.target.closest('button');
    if (!key || key.disabled) return;
    if (key.dataset.step) return step((reader.chosen ?? -Number(key.dataset.step > 0)) + Number(key.dataset.step));
    correct(key.dataset.value === 'undo' ? null : Number(key.dataset.value));
  }, {signal});
  reader.addEventListener('keydown', event => {
    if (event.altKey || event.ctrlKey || event.metaKey || !chosen()) return;
    const arrows = {
      ArrowLeft: () => step(reader.chosen - 1, true), ArrowRight: () => step(reader.chosen + 1, true),
      ArrowUp: () => step(beside(-1), true), ArrowDown: () => step(beside(1), true),
    };
    const act = {
      ...(index(event) >= 0 || event.target.closest('[data-step]') ? arrows : {}),
      Delete: () => correct(NOT_A_DIGIT), Backspace: () => correct(NOT_A_DIGIT), Escape: () => correct(null),
    }[event.key] ?? (/^[0-9]$/.test(event.key) ? () => correct(Number(event.key)) : null);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }, {signal});
  return () => reader.listens?.abort();
}
"""
)
_boxes = st.components.v2.component("digit_boxes", html=_HTML, css=_STYLE, js=_SCRIPT)


def show(
    picture: Image.Image,
    size: tuple[int, int],
    lines: Sequence[Line],
    source: str,
    key: str,
    on_correct: Callable[[Box, int | None], None],
    offset: tuple[int, int] = (0, 0),
) -> DigitBox | None:
    """Show a picture with its boxes and return the digit whose details are asked for, if any.

    `picture`: RGB, of any size, shown for `size` (width, height) pixels of the original from `offset`
    on, in which the boxes of `lines` are. `source`: which picture it is; `key`: unique on the page. `on_correct`
    is called with the box and its label, None for a correction taken back.
    """
    shown = picture.copy()
    shown.thumbnail(_LARGEST)
    corrected = corrections.of(source)
    known = {one.box: one for line in lines for one in line}
    html = _html(shown, size, lines, corrected, offset)
    st.html(
        f"<style>.st-key-boxes-{key}{{min-height:calc(min(var(--canvas-size,{shown.width}px),{shown.width}px)*"
        f"{shown.height / shown.width:.4f} + 9rem)}}</style>"
    )
    source_opened, box_opened = st.session_state.get(f"{key}-opened") or (None, None)
    opened = known.get(box_opened) if source_opened == source else None
    with st.container(key=f"boxes-{key}"):
        _boxes(
            data={"html": html, "source": source, "hint": _HINT, "opened": str(list(opened.box)) if opened else ""},
            on_corrected_change=lambda: _correct(key, source, lines, on_correct),
            on_opened_change=lambda: _open(key, source, known),
            key=key,
        )
    if len(known) > _MOST_BOXES:
        st.caption(f"The first {_MOST_BOXES} of {len(known)} boxes.")
    return opened


def _box(value: object) -> tuple | None:
    """A box that a browser sent; it can send anything."""
    return tuple(value) if isinstance(value, list) and all(isinstance(edge, int) for edge in value) else None


def _correct(key: str, source: str, lines: Sequence[Line], on_correct: Callable[[Box, int | None], None]) -> None:
    line_of = {one.box: place for place, line in enumerate(lines) for one in line}
    sent = st.session_state[key].corrected
    box, value = (_box(sent.get("box")), sent.get("value")) if isinstance(sent, dict) else (None, None)
    if box in line_of and (value is None or (type(value) is int and value in LABELS)):
        corrections.put(source, box, value)
        text_edits.forget(source, line_of[box])  # what was said last counts
        on_correct(box, value)


def _open(key: str, source: str, known: dict) -> None:
    box, state = _box(st.session_state[key].opened), f"{key}-opened"
    if box in known:
        st.session_state[state] = None if st.session_state.get(state) == (source, box) else (source, box)


def _html(
    shown: Image.Image, size: tuple[int, int], lines: Sequence[Line], corrected: Corrections, offset: tuple[int, int]
) -> str:
    boxes = [(line, place, one) for line, digits in enumerate(lines) for place, one in enumerate(digits)]
    text = ", ".join(corrections.text_of(line, corrected) for line in lines)
    return (
        f'<img src="{photo_uri(shown)}" alt="{escape(f"The picture, recognised as {text}")}" width="{shown.width}" '
        f'height="{shown.height}"><div class="boxes">'
        + "".join(
            _one(one, line, place, len(lines) > 1, size, corrected.get(one.box), offset)
            for line, place, one in boxes[:_MOST_BOXES]
        )
        + "</div>"
    )


def _one(
    one: DigitBox,
    line: int,
    place: int,
    several: bool,
    size: tuple[int, int],
    correction: int | None,
    offset: tuple[int, int],
) -> str:
    sure = probability(one.confidence) if one.is_digit else "not a digit?"
    kind, sign, says = "", f"{one.digit}", f"{one.digit}, {sure}"
    if correction == NOT_A_DIGIT:
        kind, sign, sure, says = "corrected none", "×", "", "corrected to: not a digit"
    elif correction is not None:
        kind, sign, sure, says = "corrected", f"{correction} ✓", "", f"corrected to {correction}, predicted {one.digit}"
    elif one.is_doubtful:
        kind, sign, says = "doubtful", f"{one.digit}?", f"{says}, doubtful"
    where = f"Line {line + 1}, digit {place + 1}" if several else f"Digit {place + 1}"
    left, top, right, bottom = (edge - offset[i % 2] for i, edge in enumerate(one.box))
    width, height = size
    return (
        f'<button type="button" class="{kind}" data-line="{line}" data-box="{list(one.box)}" '
        f'data-corrected="{int(correction is not None)}" aria-label="{escape(f"{where}: {says}")}" '
        f'style="left:{100 * left / width:.2f}%;top:{100 * top / height:.2f}%;'
        f'width:{100 * (right - left) / width:.2f}%;height:{100 * (bottom - top) / height:.2f}%">'
        f"<span>{sign}{f' <small>{escape(sure)}</small>' if sure and one.is_digit else ''}</span></button>"
    )
