"""All runs in a table: let one read, name, compare, download or delete them."""

import streamlit as st

from digit_core.records.runs import list_runs
from digit_core.records.served import served
from pages.shared import frame, run_actions, run_dialogs, run_table, stopped
from pages.shared.names import markdown, run_titles

frame.require()
st.title("Runs")
run_dialogs.say_what_was_done()
listing = list_runs()
if not listing.runs and not listing.damaged:
    st.error("There is no run. Train one with *Retrain* in the sidebar.")
titles = run_titles(run.name for run in listing.runs)
if listing.runs:
    run_table.warn_of_unknown(listing)
    selected = run_table.show(listing.runs, titles, served().run)
    run_actions.show(selected, titles)
    if len(listing.runs) == 1:
        st.info(
            f"{markdown(titles[listing.runs[0].name])} is the only run so far. Train another with *Retrain* in the "
            "sidebar; it will be listed here.",
            icon=":material/play_arrow:",
        )
stopped.show()
run_actions.offer_to_delete_damaged(listing.damaged)
run_dialogs.show(titles)
