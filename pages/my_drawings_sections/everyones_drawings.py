"""Retrain with the drawings of everybody who uses this app, and leave people out."""

import streamlit as st

from digit_core.access.actors import Action, is_permitted
from digit_core.drawings import store
from digit_core.errors import DigitError
from pages.components import labels, retrain_with_drawings
from pages.components.noted_errors import noted
from pages.components.titles import markdown
from pages.components.training_status import shared_status


def show() -> None:
    """An expander for the owner, if anybody else has labelled drawings."""
    if not is_permitted(Action.OTHERS_DRAWINGS):
        return
    people = store.people()
    me = labels.owner()
    if not set(people) - {me}:
        return
    names = {owner: "You" if owner == me else f"Person {number}" for number, owner in enumerate(people, 1)}
    with st.expander("Retrain with everyone's drawings", icon=":material/group:"):
        without = st.multiselect(
            "Leave out",
            list(people),
            format_func=lambda owner: f"{names[owner]} ({people[owner]:,} drawings)",
            key="left-out",
            help="With all that they gave. Nobody's drawings are shown to anybody else.",
        )
        counted = {owner: count for owner, count in people.items() if owner not in without}
        st.caption(f"{sum(counted.values()):,} drawings of {len(counted):,} people; equal ones count once a person.")
        if not counted:
            st.info("Everybody is left out.")
            return
        busy = shared_status().get().is_busy
        retrain_with_drawings.show(
            "Retrain with these", _attempt, key="retrain-everyone", busy=busy, owners=list(counted), without=without
        )


def _attempt(action) -> None:
    try:
        action()
    except DigitError as error:
        st.error(markdown(noted(error)))
        return
    shared_status().invalidate()
    st.rerun(scope="app")
