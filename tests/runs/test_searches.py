import pytest

from digit_core.errors import DamagedRun, UnknownRun
from digit_core.runs import searches
from digit_core.runs.searches import Search, Setting, Trial
from digit_core.storage import paths


def make_search(name: str = "first", **changes) -> Search:
    values = {
        "name": name, "preset": "custom", "data": "digits", "epochs": 3, "rung": 1, "trials": 3, "seed": 0,
        "settings": (Setting(name="learning_rate", title="Learning rate", log=True),
                     Setting(name="augmentation", title="Augmentation"),
                     Setting(name="batch_normalization", title="Batch normalisation")),
        "storage": "there", "command": "a test", "created": 1.0,
    }  # fmt: skip
    return Search(**{**values, **changes})


def make_trial(number: int, loss: float | None = None, state: str = "finished", **changes) -> Trial:
    settings = {"learning_rate": 0.001 * number, "augmentation": "slight", "batch_normalization": number % 2 == 0}
    values = {"number": number, "id": f"id{number}", "state": state, "settings": settings}
    if loss is not None:
        values |= {"epochs": 3, "seconds": 1.5, "validation_loss": loss, "validation_accuracy": 0.9, "early_loss": 2.0}
    return Trial(**{**values, **changes})


def test_what_is_written_is_read_again(own_home):
    search = make_search(best=2, run="20260101-000000-custom-no1", finished=True)
    trials = [make_trial(1, 0.5), make_trial(2, 0.25), make_trial(3, state="failed", problem="It diverged, badly.")]
    searches.write_search(search)
    searches.write_trials(search, trials)
    searches.write_importance(search, {"augmentation": 0.25, "learning_rate": 0.75})
    assert searches.read_search("first") == search
    assert searches.read_trials(search) == trials
    assert list(searches.read_importance(search).items()) == [("learning_rate", 0.75), ("augmentation", 0.25)]


def test_the_newest_search_comes_first_and_a_damaged_one_is_left_out(own_home):
    for name, created in (("old", 1.0), ("new", 2.0)):
        searches.write_search(make_search(name, created=created))
    (paths.searches_folder() / "broken").mkdir()
    (paths.searches_folder() / "broken" / "search.json").write_text("{")
    assert [search.name for search in searches.list_searches()] == ["new", "old"]


def test_a_damaged_table_is_one_sentence(own_home):
    search = make_search()
    searches.write_search(search)
    assert searches.read_trials(search) == [] and searches.read_importance(search) == {}
    (paths.searches_folder() / "first" / "trials.csv").write_text("trial,id\n1,x\n")
    with pytest.raises(DamagedRun, match="trials.csv cannot be read"):
        searches.read_trials(search)


@pytest.mark.parametrize("name", ["../elsewhere", ".hidden", "a/b"])
def test_a_name_that_leads_elsewhere_is_refused(own_home, name):
    with pytest.raises(UnknownRun):
        searches.read_search(name)


def test_the_best_trial_was_trained_to_its_end():
    trials = [
        make_trial(1, 0.5),
        make_trial(2, 0.2, "stopped early"),
        make_trial(3, 0.3),
        make_trial(4, None, "failed"),
    ]
    assert searches.best_trial(trials).number == 3
    assert searches.best_trial(trials[3:]) is None
