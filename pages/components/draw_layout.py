"""The Draw page's one grid: what is drawn or uploaded on the left, what is recognised on the right.

All sizes are CSS's, from the width of the page beside the sidebar and the height of the window, so
that nothing has to be asked of the browser and nothing moves when it answers. A style that a script
sends arrives late, though: the shell may put `STYLE` into the head of the HTML page.
"""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

SMALLEST, LARGEST = 280, 560  # CSS pixels, a side of the canvas on screen
_WIDEST = 900  # CSS pixels, a picture of several digits
_CARD = "29rem"  # the prediction's column, with the gap before it
_ABOVE, _ABOVE_ON_PHONE = "20rem", "23rem"  # what stands above and below the canvas and should be in view with it
# Streamlit gives a container with a key the class st-key-KEY.
# `!important`, since Streamlit's own rules come after the page's head.
# `overflow` hides what the canvas would be before its script has given it its size.
STYLE = f"""
[data-testid=stLayoutWrapper]:has(>[class*="st-key-silent-"]),[class*="st-key-silent-"]
{{position:absolute!important;width:0!important;overflow:hidden!important}}
.st-key-draw-title{{padding-top:1.25rem!important}}
.st-key-canvas-place{{width:var(--canvas-size,{SMALLEST}px)!important;height:var(--canvas-size,{SMALLEST}px)!important;
  overflow:hidden!important;
  background:#000;border-radius:.4rem;flex:none!important}}
[class*="st-key-grid-"]{{container-type:inline-size}}
[class*="st-key-columns-"]{{--canvas-size:clamp({SMALLEST}px,min(100cqw - {_CARD},100dvh - {_ABOVE}),{LARGEST}px);
  display:flex!important;flex-flow:row nowrap!important;gap:1.5rem!important;align-items:flex-start!important}}
.st-key-columns-numbers{{--canvas-size:clamp({SMALLEST}px,64cqw,{_WIDEST}px)}}
[class*="st-key-columns-"]>:has(>[class*="st-key-left-"]){{flex:none!important;width:var(--canvas-size)!important}}
[class*="st-key-columns-"]>:has(>[class*="st-key-right-"])
{{flex:1 1 0!important;min-width:0!important;width:auto!important}}
[class*="st-key-left-"]{{width:var(--canvas-size)!important}}
.st-key-left-board{{min-height:calc(var(--canvas-size) + 3.5rem)!important}}
[class*="st-key-right-"]{{min-height:calc(var(--canvas-size) + 3.5rem)!important}}
@container (max-width:45rem){{
  [class*="st-key-columns-"]{{--canvas-size:clamp({SMALLEST}px,min(100cqw,100dvh - {_ABOVE_ON_PHONE}),{LARGEST}px);
    flex-direction:column!important}}
  .st-key-columns-numbers{{--canvas-size:100cqw}}
  [class*="st-key-columns-"]>:has(>[class*="st-key-right-"]){{flex:none!important;width:100%!important}}
  [class*="st-key-right-"]{{min-height:26rem!important}}
}}
@supports not (width:1cqw){{[class*="st-key-columns-"]{{--canvas-size:{SMALLEST}px}}}}
"""
_PRESENTED = """
.st-key-draw-title{padding-top:0!important}
[data-testid=stSidebar],[data-testid=stExpandSidebarButton],[data-testid=stHeader],[data-testid=stMain] h1,
.st-key-draw-hint,.st-key-input [role=tablist]{display:none!important}
[data-testid=stMainBlockContainer]{padding:1rem 2rem!important;max-width:none}
[class*="st-key-columns-"]{--canvas-size:clamp(280px,min(45cqw,100dvh - 10rem),1200px);
  --card-font:clamp(1rem,min(1.75cqw,3.2dvh),3rem)}
@container (max-width:45rem){[class*="st-key-columns-"]{--canvas-size:clamp(280px,min(100cqw,60dvh),1200px)}}
.prediction .digit{font-size:8em}
.st-key-explanations{display:none}
"""


def show_style(presented: bool) -> None:
    """Lay the page out, for a projector if it is `presented`."""
    with st.container(key="silent-style"):
        st.html(f"<style>{STYLE}{_PRESENTED if presented else ''}</style>")


def columns(name: str) -> tuple[DeltaGenerator, DeltaGenerator]:
    """The left and the right column of a grid; `name` is unique on the page. That of "numbers" is the widest."""
    grid = st.container(key=f"grid-{name}").container(horizontal=True, key=f"columns-{name}")
    return grid.container(key=f"left-{name}"), grid.container(key=f"right-{name}")
