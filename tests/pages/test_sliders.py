"""The distortion sliders, on a page of their own."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from digit_core.evaluation.distortions import DISTORTIONS
from tests.pages.conftest import texts

_APP = """
from digit_core import Recognizer
from digit_core.preprocessing.strokes import draw_strokes
from pages.components.distortion_sliders import show_sliders
from scripts.benchmarks.drawings import SEVEN

show_sliders(Recognizer.load("shipped"), draw_strokes(SEVEN))
"""
SURE = re.compile(r"Prediction: \*\*7\*\*, (> )?99\.")


@pytest.fixture
def app() -> AppTest:
    app = AppTest.from_string(_APP, default_timeout=30).run()
    assert not app.exception, app.exception[0].stack_trace
    return app


def test_at_first_nothing_is_distorted(app):
    assert SURE.search(texts(app))
    assert {slider.key: slider.value for slider in app.slider} == {
        f"sliders-{name}": kind.neutral for name, kind in DISTORTIONS.items()
    }


def test_the_prediction_follows_the_sliders_and_reset_sets_them_back(app):
    before = app.get("html")[0].proto.body
    app.slider(key="sliders-noise").set_value(0.4)
    app.slider(key="sliders-blur").set_value(2.0).run()
    assert not app.exception
    assert app.get("html")[0].proto.body != before
    assert not SURE.search(texts(app))
    app.button(key="sliders-reset").click().run()
    assert not app.exception
    assert app.get("html")[0].proto.body == before
    assert SURE.search(texts(app))


@pytest.mark.parametrize("name", DISTORTIONS)
@pytest.mark.parametrize("end", [0, -1])
def test_every_slider_can_be_moved_to_both_ends(app, name, end):
    app.slider(key=f"sliders-{name}").set_value(float(DISTORTIONS[name].strengths[end])).run()
    assert not app.exception
