"""How many runs are kept, and which would be deleted when the next one is published."""

import streamlit as st

from digit_core.errors import DigitError
from digit_core.jobs import retention
from digit_core.runs.run import Run
from pages.components.titles import markdown, run_markdown

_NAMED = 3  # runs


def show() -> None:
    """Announce what the next training deletes; nothing while there is room."""
    try:
        going, limits = _next_to_go(retention.limits())
    except DigitError as error:
        st.error(markdown(str(error)))
        return
    if not going:
        return
    names = ", ".join(f"**{run_markdown(run.name)}**" for run in going[:_NAMED])
    more = f" and {len(going) - _NAMED} more" if len(going) > _NAMED else ""
    st.warning(
        f"At most {limits.runs:,} runs and {limits.bytes / 1e6:,.0f} MB are kept. The next training deletes the oldest "
        f"without a name, note or tag: {names}{more}. Give a run a name to keep it.",
        icon=":material/auto_delete:",
    )


@st.cache_resource(ttl=20, max_entries=2, show_spinner=False)  # for all windows, as it looks at every file
def _next_to_go(limits: retention.Limits) -> tuple[list[Run], retention.Limits]:
    return retention.next_to_go(), limits
