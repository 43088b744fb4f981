"""All runs in a table: activate, name, compare, download or delete them."""

import streamlit as st

from digit_core.access.actors import Action, is_permitted
from digit_core.runs.active_run import read_active
from digit_core.runs.run import list_runs
from pages.components.titles import markdown, run_titles
from pages.runs_sections import (
    actions,
    dialogs,
    interrupted,
    kept_runs,
    run_filter,
    run_upload,
    running,
    runs_table,
    warning_colour,
)

st.title("Runs")
warning_colour.show()
dialogs.show_messages()
listing = list_runs()
if not listing.runs and not listing.damaged:
    st.error("There is no run. Train one with *Retrain* in the sidebar.")
titles = run_titles(run.name for run in listing.runs)
if listing.runs:
    runs_table.warn_of_unknown(listing)
    running.show()
    kept_runs.show()
    shown, more_columns = run_filter.show(listing.runs, titles)
    if shown:
        actions.show(runs_table.show(shown, titles, read_active().run, more=more_columns), titles)
    else:
        run_filter.offer_to_clear()
    if len(listing.runs) == 1 and is_permitted(Action.TRAIN):
        st.info(
            f"{markdown(titles[listing.runs[0].name])} is the only run so far. Train another with *Retrain* in the "
            "sidebar.",
            icon=":material/play_arrow:",
        )
run_upload.show()
interrupted.show()
actions.offer_to_delete_damaged(listing.damaged)
dialogs.show(titles)
