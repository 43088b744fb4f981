"""The running training, live: progress, curves, settings and log; or how the last one ended."""

import streamlit as st

from pages.shell import sidebar
from pages.training_sections import live

st.title("Training")
live.show(sidebar.attempt)
