"""A tour of three steps for a first visit; the browser remembers that it was seen.

It lies over the page's corner and takes part in nothing: no layout, no script run, no click outside of itself.
"""

import streamlit as st

_STYLE = """
.tour{position:fixed;right:1rem;bottom:1rem;z-index:100;width:min(21rem,calc(100vw - 2rem));box-sizing:border-box;
  padding:.8rem 1rem;border-radius:.6rem;font-family:inherit;font-size:.92rem;line-height:1.4;
  color:var(--st-text-color,inherit);background:var(--st-secondary-background-color,#f3f5f8);
  border:1px solid var(--st-primary-color,#0b66c3);box-shadow:0 2px 12px rgba(0,0,0,.3)}
.tour b{display:block;margin-bottom:.15rem}
.row{display:flex;gap:.5rem;align-items:center;margin-top:.5rem}
.row span{flex:1;opacity:.75}
button{font:inherit;padding:.2rem .7rem;border-radius:.5rem;cursor:pointer;background:transparent;
  color:inherit;border:1px solid var(--st-border-color,rgba(127,127,127,.4))}
button.next{background:var(--st-primary-color,#0b66c3);border-color:transparent;color:#fff}
button:focus-visible{outline:3px solid var(--st-primary-color,#0b66c3);outline-offset:2px}
"""
_SCRIPT = """
const KEY = 'digit-lab-tour';
const seen = () => { try { return localStorage.getItem(KEY) } catch { return 'no storage' } };
const remember = () => { try { localStorage.setItem(KEY, 'seen') } catch {} };
let step = 0;
export default function ({data, parentElement}) {
  let marked = null;
  const card = parentElement.querySelector('.tour');
  const mark = target => {
    if (marked) marked.style.outline = '';
    marked = target && document.querySelector(target);
    if (marked) marked.style.outline = '3px solid #f5a623';
  };
  const end = () => { remember(); card.hidden = true; mark(null) };
  const show = () => {
    const {title, text, target} = data.steps[step], last = step === data.steps.length - 1;
    card.querySelector('b').textContent = title;
    card.querySelector('p').textContent = text;
    card.querySelector('.row span').textContent = `${step + 1} of ${data.steps.length}`;
    card.querySelector('.next').textContent = last ? 'Done' : 'Next';
    card.querySelector('.dismiss').hidden = last;
    mark(target);
  };
  card.querySelector('.next').onclick = () => { step += 1; step < data.steps.length ? show() : end() };
  card.querySelector('.dismiss').onclick = end;
  if (!data.hidden && !seen() && step < data.steps.length) { card.hidden = false; show() }
  else card.hidden = true;
  return () => mark(null);
}
"""
_HTML = """
<section class="tour" aria-label="Tour" hidden><b></b><p style="margin:0"></p>
<div class="row"><span></span><button class="dismiss" type="button">Skip the tour</button>
<button class="next" type="button">Next</button></div></section>
"""
_STEPS = [
    {
        "title": "Draw a digit",
        "text": "With mouse, finger or pen. The prediction follows the pen.",
        "target": ".st-key-canvas-place",
    },
    {
        "title": "See why",
        "text": "Below the prediction: which parts of the drawing support it, and what changes when it is distorted.",
        "target": ".st-key-right-board",
    },
    {
        "title": "Browse mistakes, retrain",
        "text": "Mistakes, in the sidebar, lists what the model gets wrong; Retrain trains another model.",
        "target": "[data-testid=stSidebar]",
    },
]
_tour = st.components.v2.component("tour", html=_HTML, css=_STYLE.replace(".tour{", ".tour:not([hidden]){"), js=_SCRIPT)


def show(hidden: bool) -> None:
    """Show the tour in a browser that has not seen it, unless it is `hidden`."""
    _tour(data={"steps": _STEPS, "hidden": hidden}, key="tour")
