"""The running training, live: progress, curves, settings and log; or how the last one ended."""

import streamlit as st

from pages.shell import frame
from pages.training_sections import live

frame.require()
st.title("Training")
live.show()
