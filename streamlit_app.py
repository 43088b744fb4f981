"""Digit Lab in the browser: draw a digit, see what the model gets wrong, retrain it.

`streamlit run` imports this file once for `app`, which answers HTTP requests, and runs it as the
script of each session.
"""

if __name__ == "__main__":
    from pages.shell import frame

    frame.run_app()
else:
    from pages.shell import native_threads

    native_threads.limit()  # before anything that imports NumPy

    import streamlit as st
    from starlette.middleware import Middleware
    from streamlit.runtime.pages_manager import PagesManager

    from pages.shell import announcement, operations
    from pages.shell.connections import Connections
    from pages.shell.immutable_cache import ImmutableCache
    from pages.shell.open_sessions import SessionGate
    from pages.shell.page_head import PageHead
    from pages.shell.sign_in_routes import SignInRoutes
    from pages.shell.training_watch import TrainingStatusEndpoint

    # Until `st.navigation` has run once in the process, Streamlit takes the files in `pages/` for pages of
    # the old kind: the first visitor would see a list of these files, or one of them without title and sidebar.
    PagesManager.uses_pages_directory = False
    announcement.start()
    layers = (SessionGate, TrainingStatusEndpoint, Connections, SignInRoutes, ImmutableCache, PageHead)
    app = st.App(
        __file__,
        lifespan=operations.lifespan,
        routes=operations.routes(),
        middleware=[Middleware(each) for each in layers],
        on_script_error=operations.note_failure,
    )
