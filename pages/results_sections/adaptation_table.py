"""What a run that learned from drawings has gained and lost, beside the run that it comes from."""

import pandas as pd
import streamlit as st

from digit_core.runs.run import Run
from digit_core.runs.schemas import Comparison
from pages.components.percentages import percent
from pages.components.titles import run_markdown


def show(run: Run) -> None:
    """A table, if it is such a run. Raises DamagedRun."""
    adaptation = run.adaptation()
    if adaptation is None:
        return
    st.subheader("What it learned from drawings", anchor=False)
    st.caption(f"{adaptation.drawings:,} labelled drawings, compared with **{run_markdown(adaptation.base_run)}**")
    rows = {
        "Test images": adaptation.test,
        "Drawings held back": adaptation.held_back,
        "Drawings learned from": adaptation.learned,
    }
    table = [_row(title, comparison) for title, comparison in rows.items() if comparison.images]
    st.dataframe(pd.DataFrame(table), hide_index=True, width="stretch")
    if not adaptation.held_back.images:
        st.caption("From ten drawings on, one in five is held back to see what was learned.")
    if adaptation.contradicted:
        count = adaptation.contradicted
        labels = "1 label contradicts" if count == 1 else f"{count:,} labels contradict"
        st.warning(f"{labels} the others: look at them in *My drawings* → *Wrong*.", icon=":material/rule:")
    if st.button("Compare the two runs", icon=":material/compare_arrows:", key="leave-to-compare-base"):
        st.switch_page("pages/compare.py", query_params={"runs": f"{run.name},{adaptation.base_run}"})


def _row(title: str, comparison: Comparison) -> dict[str, str | int]:
    return {
        "": title,
        "Count": comparison.images,
        "Right before": f"{comparison.before:,} ({percent(comparison.before / comparison.images)})",
        "Right now": f"{comparison.after:,} ({percent(comparison.after / comparison.images)})",
        "Got right": comparison.only_after,
        "Got wrong": comparison.only_before,
    }
