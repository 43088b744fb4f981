import os

import pytest
import streamlit as st

from digit_core.runs.run import open_run
from pages.components.cached import explainer_of, recognizer_of

NAME = "20260101-120000-quick"


@pytest.mark.parametrize("load", [recognizer_of, explainer_of])
@pytest.mark.parametrize("changed", ["model.tflite", "calibration.json"])
def test_what_is_made_from_a_run_is_cached_until_its_files_change(add_run, load, changed):
    st.cache_resource.clear()
    path = add_run(NAME).path / changed
    first = load(open_run(NAME))
    assert load(open_run(NAME)) is first
    os.utime(path, (1, 1))
    assert load(open_run(NAME)) is not first
