"""Digit Lab in the browser: draw a digit, see what the model gets wrong, retrain it.

`streamlit run` imports this file once, for `app`, which answers the browsers' requests; and runs
it as the script of each session.
"""

if __name__ == "__main__":
    from pages.shell import navigation

    navigation.show()
else:
    import streamlit as st

    from pages.shell.middleware import MIDDLEWARE

    app = st.App(__file__, middleware=MIDDLEWARE)
