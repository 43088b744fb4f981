import shutil

import pytest

from digit_core.runs.run import SHIPPED
from tests.pages.conftest import go_to, texts

OLD, NEW = "20260101-120000-quick", "20260102-120000-lenet5"


def offer(app):
    return next((button for button in app.main.button if button.label.startswith("New run finished")), None)


def shown(app):
    return app.main.selectbox(key="picked_run").value


@pytest.mark.parametrize("page", ["results", "mistakes"])
def test_a_page_keeps_the_run_with_which_it_was_opened_and_offers_a_new_one(open_page, add_run, page):
    add_run(OLD)
    app = open_page(page)
    assert (shown(app), app.query_params["run"]) == (OLD, OLD)
    add_run(NEW)
    assert shown(app.run()) == OLD
    assert "LeNet-5, 02 Jan 12:00:00" in offer(app).label
    offer(app).click().run()
    assert (shown(app), app.query_params["run"]) == (NEW, NEW)
    assert offer(app) is None


def test_a_page_opened_again_without_a_run_shows_the_newest(open_page, add_run):
    add_run(OLD)
    app = open_page("results")
    add_run(NEW)
    del app.query_params["run"]  # as a link to the page does
    del app.session_state["address"]  # in AppTest all pages have the same hash, and it would count as late
    go_to(app, "results")
    assert shown(app) == NEW
    assert offer(app) is None


def test_a_run_that_was_there_is_not_offered_as_new(open_page, add_run):
    add_run(NEW)
    assert offer(open_page("results", run=SHIPPED)) is None


def test_compare_keeps_its_runs_and_adds_a_new_one_with_a_click(open_page, add_run):
    add_run(OLD)
    app = open_page("compare")
    assert app.query_params["runs"] == f"{OLD},{SHIPPED}"
    add_run(NEW)
    app.run()
    assert app.query_params["runs"] == f"{OLD},{SHIPPED}"
    offer(app).click().run()
    assert app.query_params["runs"] == f"{OLD},{SHIPPED},{NEW}"


def test_a_run_that_is_deleted_while_it_is_shown_gives_a_message_and_the_newest_is_one_click_away(open_page, add_run):
    add_run(OLD)
    path = add_run(NEW).path
    app = open_page("results")
    shutil.rmtree(path)
    app.run()
    assert f"There is no run named **{NEW}**: it was deleted" in texts(app)
    assert shown(app) is None
    next(button for button in app.main.button if button.label.startswith("Show Quick")).click().run()
    assert shown(app) == OLD
