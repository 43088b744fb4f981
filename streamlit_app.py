"""Digit Lab in the browser: draw a digit, see what the model gets wrong, train it again.

`streamlit run` imports this file once, for `app`, which answers the browsers' requests; and runs
it as the script of each session.
"""

from pathlib import Path

import streamlit as st

if __name__ == "__main__":
    from digit_core.records import recovery
    from pages.shared import frame

    # A file of our own: an icon by its name would be fetched from Google by every visitor's browser.
    icon = Path(__file__).parent / "pages" / "icon.png"
    st.set_page_config(page_title="Digit Lab", page_icon=str(icon), layout="wide")

    # Streamlit leaves room for a toolbar that is hidden here.
    st.html("<style>[data-testid=stMainBlockContainer]{padding-top:2.5rem}</style>")

    page = st.navigation(
        [
            st.Page("pages/draw.py", title="Draw", icon=":material/draw:", default=True),
            st.Page("pages/results.py", title="Results", icon=":material/monitoring:"),
            st.Page("pages/mistakes.py", title="Mistakes", icon=":material/rule:"),
            st.Page("pages/compare.py", title="Compare", icon=":material/compare_arrows:"),
            st.Page("pages/runs.py", title="Runs", icon=":material/folder_open:"),
        ]
    )
    # When the app starts, and not in every window.
    st.cache_resource(recovery.recover, show_spinner=False)()
    frame.show(page.url_path or "draw")
    page.run()
else:
    from starlette.middleware import Middleware

    from pages.shared.immutable_cache import ImmutableCache
    from pages.shared.training_watch import TrainingStatusEndpoint

    app = st.App(__file__, middleware=[Middleware(TrainingStatusEndpoint), Middleware(ImmutableCache)])
