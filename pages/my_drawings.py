"""My drawings: what a person labelled, how often the model was right, and the way out and in."""

import streamlit as st

from digit_core.access.actors import Action, Proof, current_actor, is_permitted
from digit_core.drawings import store
from digit_core.errors import DigitError
from pages.components import labels
from pages.components.noted_errors import noted
from pages.components.titles import markdown
from pages.my_drawings_sections import (
    accuracy_chart,
    drawings_filter,
    drawings_gallery,
    everyones_drawings,
    transfer_controls,
)

st.title("My drawings")
keeper = "your account" if current_actor().proof is Proof.ACCOUNT else "this browser"
may_train = is_permitted(Action.TRAIN)
st.caption(
    f"The drawings that you labelled on *Draw*: they belong to {keeper}, and only you see them."
    + (" *Retrain with my drawings*, in the sidebar, has the model learn from them." if may_train else "")
)
if problem := labels.problem():
    st.warning(problem)
try:
    drawings = store.drawings_of(labels.owner())
    if drawings:
        accuracy_chart.show(drawings)
        drawings_gallery.show(drawings_filter.show(drawings))
    else:
        st.info(
            "There are no drawings yet. Draw a digit, and say what it is with the buttons under its prediction, "
            "or import drawings.",
            icon=":material/draw:",
        )
        if st.button("Draw a digit", icon=":material/draw:", key="leave-to-draw"):
            st.switch_page("pages/draw.py")
    transfer_controls.show(drawings)
    everyones_drawings.show()
except DigitError as error:
    st.error(markdown(noted(error)))
