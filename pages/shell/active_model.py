"""The sidebar's upper part: which model is active, and the way back to an earlier one."""

from collections.abc import Callable

import streamlit as st

from digit_core.access.actors import Action, is_permitted
from digit_core.datasets.sources import TITLES
from digit_core.errors import DigitError
from digit_core.runs.active_run import read_active
from digit_core.runs.run import SHIPPED, Run, open_run
from pages.components.cached import activate_if_usable, active_recognizer
from pages.components.noted_errors import noted
from pages.components.titles import markdown, run_markdown


def show(attempt: Callable[[Callable[[], object]], None]) -> None:
    """Show the active model; the buttons have `attempt` activate another one."""
    try:
        recognizer, problem = active_recognizer()
        run = recognizer.run
        accuracy = run.metrics.accuracy
    except DigitError as error:
        st.error(f"No model can be loaded. {markdown(noted(error))}")
        return
    st.markdown(f"Active model: **{run_markdown(run.name)}**")
    st.caption(
        f"Test accuracy {accuracy:.2%} ({TITLES[run.config.data]})",
        help="Measured once, on images that the model was not trained on.",
    )
    if problem:
        st.warning(problem)
    alternatives = [name for name in dict.fromkeys([read_active().previous, SHIPPED]) if name not in (None, run.name)]
    if warning := next(filter(None, (_warning(run, name) for name in alternatives)), None):
        st.markdown(f":small[{warning}]")
    for name in alternatives if is_permitted(Action.ACTIVATE) else ():
        label = f"Back to {run_markdown(name)}"
        if st.button(label, icon=":material/history:", width="stretch", key=f"back-to-{name}"):
            attempt(lambda name=name: activate_if_usable(name))


def _warning(run: Run, name: str) -> str | None:
    """A sentence if the run of that name may be preferred to the active one, which a training may have activated."""
    try:
        other = open_run(name)
        config, accuracy = other.config, other.metrics.accuracy
    except DigitError:  # deleted or damaged: not an alternative
        return None
    title = run_markdown(name)
    if config.data != run.config.data:
        # Accuracies on two data sets cannot be compared. That the shipped run's data is another may matter.
        warning = f":material/info: Trained on {TITLES[run.config.data]}; {title} on {TITLES[config.data]}."
        return warning if name == SHIPPED else None
    if accuracy > run.metrics.accuracy:
        return f":material/trending_down: Less accurate than {title} ({accuracy:.2%})."
    return None
