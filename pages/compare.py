"""Several runs beside each other: metrics, curves, and the images on which two of them disagree."""

import streamlit as st

from digit_core.access.actors import Action, is_permitted
from digit_core.datasets.sources import TITLES
from digit_core.errors import DigitError
from digit_core.evaluation.comparison import data_of
from digit_core.runs.run import SHIPPED, Listing, Run
from pages.compare_sections import curves, disagreements, metrics_table, search_results, settings_diff
from pages.components.noted_errors import noted
from pages.components.run_picker import pick_runs
from pages.components.titles import markdown, run_titles

_MOST_PRESETS = 4  # compared at first, besides the shipped run


def default_runs(listing: Listing) -> list[str]:
    """The newest run of each of a few presets, and the shipped run; on its data if there are any."""
    trained = [run for run in listing.runs if run.name != SHIPPED]
    shipped = [run for run in listing.runs if run.name == SHIPPED]
    newest: dict[str, str] = {}
    for run in [run for run in trained if shipped and run.config.data == shipped[0].config.data] or trained:
        newest.setdefault(run.config.preset, run.name)
    return [*list(newest.values())[:_MOST_PRESETS], *(run.name for run in shipped)]


def warn_of_different_data(runs: list[Run], titles: dict[str, str]) -> None:
    """Metrics on different test sets do not show which run is better."""
    by_data = data_of(runs)
    if len(by_data) < 2:
        return
    same_name = len({data for data, _ in by_data}) < len(by_data)
    parts = [
        f"{TITLES[data]}{f' of digest `{digest[:8]}`' if same_name else ''} "
        f"({', '.join(markdown(titles[run.name]) for run in group)})"
        for (data, digest), group in by_data.items()
    ]
    st.warning(
        f"These runs were trained and tested on different data: {'; '.join(parts)}. Their metrics cannot be compared.",
        icon=":material/warning:",
    )


st.title("Compare")
runs = pick_runs(default_runs)
if len(runs) < 2:
    st.info(
        "Only one run is chosen. Choose another above"
        + (", or train one with *Retrain* in the sidebar." if is_permitted(Action.TRAIN) else ".")
        if runs
        else "No run is chosen. Choose two or more above.",
        icon=":material/compare_arrows:",
    )
if runs:
    try:
        titles = run_titles(run.name for run in runs)
        warn_of_different_data(runs, titles)
        grouped = st.toggle(
            "Group seeds",
            key="group_seeds",
            help="Runs that differ only in their seed become one row, with the mean over the seeds, and one colour.",
        )
        metrics_table.show(runs, titles, grouped=grouped)
        curves.show(runs, titles, grouped=grouped)
        settings_diff.show(runs, titles)
        disagreements.show(runs, titles)
    except DigitError as error:
        st.error(markdown(noted(error)))
search_results.show()
