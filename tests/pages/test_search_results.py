from digit_core.runs import searches
from tests.constructed import construct_run
from tests.pages.conftest import texts
from tests.runs.test_searches import make_search, make_trial


def write(search, *trials) -> None:
    searches.write_search(search)
    searches.write_trials(search, trials)


def trials_table(app):
    return next(table.value for table in app.main.dataframe if "state" in table.value)


def test_without_a_search_nothing_is_shown(open_page):
    assert "Searches" not in texts(open_page("compare"))


def test_a_search_shows_its_trials_the_best_and_the_importance(open_page):
    run = construct_run("20260101-000000-custom-no1", "custom")
    search = make_search(best=2, run=run.name, finished=True)
    write(search, make_trial(1, 0.5), make_trial(2, 0.25), make_trial(3, 0.75, "stopped early"))
    searches.write_importance(search, {"learning_rate": 0.8, "augmentation": 0.2})
    app = open_page("compare")
    shown = texts(app)
    assert "3 of 3 trials, 1 of them stopped early" in shown
    assert "Best: trial 2" in shown and "loss 0.2500" in shown and "own settings (trial 1)" in shown
    assert "Its run is Custom 1" in shown
    assert list(trials_table(app)["trial"]) == [2, 1, 3]
    assert "functional ANOVA" in shown


def test_a_search_that_runs_shows_what_there_is(open_page):
    write(make_search(), make_trial(1, 0.5, "running"), make_trial(2, None, "failed", problem="It diverged."))
    app = open_page("compare")
    assert "1 of 3 trials" in texts(app)
    table = trials_table(app)
    assert list(table["state"]) == ["running", "failed"] and table["problem"][1] == "It diverged."
    write(make_search(), *())
    assert "0 of 3 trials" in texts(open_page("compare"))


def test_one_of_several_searches_is_chosen(open_page):
    write(make_search("old", created=1.0), make_trial(1, 0.5))
    write(make_search("new", created=2.0, preset="quick"), make_trial(1, 0.4))
    app = open_page("compare")
    assert "**Quick**" in texts(app)
    app.selectbox(key="search").select("old").run()
    assert "**Custom**" in texts(app)
