"""Pages by Streamlit's own AppTest: the script runs for real, without a browser."""

import json

import pytest
import streamlit as st
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.testing.v1 import AppTest

from digit_core.storage import paths
from pages.components.training_status import shared_status

MATRIX = "confusion_matrix"
# AppTest does not know st.navigation: it would run a file in pages/ without the sidebar that
# streamlit_app.py puts beside it. So this stands in for it; the browser tests run the real one.
_APP = f"""
import runpy
import streamlit as st
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from pages.shell import frame

frame.show(st.session_state["page"])
runpy.run_path({str(paths.PROJECT / "pages")!r} + "/" + st.session_state["page"] + ".py")
"""


@pytest.fixture
def open_page(own_home):
    """Open a page of the app: `open_page("results", run="shipped")`."""

    def show(name: str, **query: str) -> AppTest:
        st.cache_resource.clear()
        shared_status.cache_clear()  # what the process knows of another test's home
        return open_session(name, **query)

    return show


def open_session(name: str, **query: str) -> AppTest:
    """Open a page in a new session of the same app."""
    app = AppTest.from_string(_APP, default_timeout=30)
    for key, value in query.items():
        app.query_params[key] = value
    return go_to(app, name)


def go_to(app: AppTest, name: str) -> AppTest:
    """Show another page in the same session."""
    app.session_state["page"] = name
    app.run()
    assert not app.exception, app.exception[0].stack_trace
    return app


def texts(app: AppTest) -> str:
    """All texts of the page and the sidebar."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "success", "warning", "error")
    sides = (app.main, app.sidebar)
    return "\n".join(element.value for side in sides for kind in kinds for element in getattr(side, kind))


def grid_html(app: AppTest) -> str:
    """The cards of the image grid; empty if there is none."""
    grids = [c.proto for c in app.get("bidi_component") if c.proto.component_name == "image_grid"]
    return "".join(json.loads(grid.json)["html"] for grid in grids)


def matrix(app: AppTest) -> dict:
    """What the confusion matrix shows: its cells and its description."""
    return json.loads(next(c.proto for c in app.get("bidi_component") if c.proto.component_name == MATRIX).json)


def click_matrix(app: AppTest, true: int, predicted: int) -> AppTest:
    """Run the page as after a click on a cell."""
    component = next(c.proto for c in app.get("bidi_component") if c.proto.component_name == MATRIX)
    return trigger(app, component.id, "clicked", [true, predicted])


def trigger(app: AppTest, component: str, event: str, value: object) -> AppTest:
    """Run the page as after an event of a component, given by its id."""
    states = app._tree.get_widget_states()
    states.widgets.add(
        id=_make_trigger_id(component, "events"), json_trigger_value=json.dumps([{"event": event, "value": value}])
    )
    app._run(states)
    return app
