"""What a page shows of a run is computed once for all sessions, so that a class that browses does not hold up lifts."""

import altair as alt
import pytest
from streamlit import dataframe_util

from digit_core.runs.run import SHIPPED
from tests.pages.conftest import open_session

OTHER = "20260101-120000-quick"


@pytest.fixture
def work(monkeypatch):
    """The charts and tables that are converted for the browser."""
    done = []

    def counted(function, name):
        def call(*arguments, **options):
            done.append(name)
            return function(*arguments, **options)

        return call

    for name in ("Chart", "LayerChart", "VConcatChart"):
        chart = getattr(alt, name)
        monkeypatch.setattr(chart, "to_dict", counted(chart.to_dict, name))
    name = "convert_pandas_df_to_arrow_bytes"
    monkeypatch.setattr(dataframe_util, name, counted(getattr(dataframe_util, name), name))
    return done


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("compare", {"runs": f"{SHIPPED},{OTHER}"}),
        ("results", {"run": SHIPPED}),
        ("results", {"run": SHIPPED, "tab": "per-class-metrics"}),
        ("results", {"run": SHIPPED, "tab": "confidence"}),
        ("results", {"run": SHIPPED, "tab": "settings"}),
    ],
    ids=lambda value: value if isinstance(value, str) else value.get("tab", ""),
)
def test_a_second_session_gets_the_charts_and_tables_of_the_first(open_page, add_run, work, page, query):
    add_run(OTHER)
    first = open_page(page, **query)
    assert work
    work.clear()
    second = open_session(page, **query)
    assert not work
    for kind in ("vega_lite_chart", "arrow_data_frame"):
        assert [e.proto for e in second.get(kind)] == [e.proto for e in first.get(kind)]


def test_a_run_whose_files_change_gets_another_chart(open_page, add_run, work):
    run = add_run(OTHER)
    open_page("results", run=OTHER, tab="confidence")
    work.clear()
    (run.path / "calibration.json").touch()
    open_session("results", run=OTHER, tab="confidence")
    assert "LayerChart" in work
