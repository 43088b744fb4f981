"""Digit Lab in the browser: draw a digit, see what the model gets wrong, retrain it.

`streamlit run` imports this file once for `app`, which answers HTTP requests, and runs it as the
script of each session.
"""

if __name__ == "__main__":
    from pages.shell import frame

    frame.run_app()
else:
    import streamlit as st
    from starlette.middleware import Middleware

    from pages.shell.immutable_cache import ImmutableCache
    from pages.shell.training_watch import TrainingStatusEndpoint

    app = st.App(__file__, middleware=[Middleware(TrainingStatusEndpoint), Middleware(ImmutableCache)])
