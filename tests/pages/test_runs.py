import io
import json
import re
import zipfile

import pytest
import streamlit as st
from filelock import FileLock

from digit_core.errors import StorageError, TrainingBusy
from digit_core.jobs import trainings
from digit_core.jobs.background_task import TaskStatus
from digit_core.jobs.tasks import FORMATS, export_task
from digit_core.runs.active_run import activate, read_active
from digit_core.runs.checkpoints import CHECKPOINT
from digit_core.runs.notes import Note, note_of, write_note
from digit_core.runs.run import SHIPPED, list_runs
from digit_core.runs.schemas import Progress
from digit_core.storage import paths
from pages.components import cached
from pages.runs_sections import actions, dialogs
from tests.constructed import construct_run, construct_runs
from tests.pages.conftest import go_to, texts

ONE, TWO, THREE = "20260101-000000-quick", "20260102-000000-lenet5", "20260103-000000-two-block"


@pytest.fixture
def three(own_home):
    presets = {ONE: "quick", TWO: "lenet5", THREE: "two_block"}
    model = (paths.SHIPPED_RUN / "model.tflite").read_bytes()
    return {name: construct_run(name, preset, model=model) for name, preset in presets.items()}


@pytest.fixture
def switched(monkeypatch) -> list:
    """The pages that are switched to; AppTest knows no other pages."""
    to = []

    def switch(page, query_params):
        to.append((page, query_params))
        st.stop()

    monkeypatch.setattr(st, "switch_page", switch)
    return to


def button(app, label):
    (found,) = [button for button in app.button if button.label == label]
    return found


def field(app, label):
    (found,) = [field for field in app.text_input if field.label == label]
    return found


def shown(app) -> list[str]:
    return list(app.main.dataframe[0].value["name"])


def labels(app) -> list[str]:
    return [button.label for button in app.button]


def dialog_texts(app) -> str:
    return "\n".join(element.value for kind in ("markdown", "info", "error") for element in getattr(app, kind))


def test_every_run_is_a_row_with_its_metrics(open_page, three):
    activate(TWO)
    write_note(ONE, "mine", "a note")
    table = open_page("runs").main.dataframe[0].value
    assert list(table["name"]) == [THREE, TWO, ONE, SHIPPED]
    assert list(table["active"]) == ["", "active", "", ""]
    assert (table["run"][2], table["note"][2]) == ("mine", "a note")
    assert table["accuracy"][0] == pytest.approx(three[THREE].metrics.accuracy * 100)
    assert str(table["created"][2]) == "2026-01-01 00:00:00"


def test_with_only_the_shipped_run_there_is_a_hint(open_page):
    app = open_page("runs")
    assert "the only run so far" in texts(app)
    assert list(app.main.dataframe[0].value["name"]) == [SHIPPED]
    assert "Select rows" in texts(app)


def test_runs_in_the_address_are_selected_and_an_unknown_one_gives_a_message(open_page, three):
    app = open_page("runs", runs=f"{ONE},../../etc,{THREE}")
    assert "There is no run named **../../etc**" in texts(app)
    assert "**2 runs** selected" in texts(app)


def test_the_selected_runs_are_in_the_address(open_page, three):
    app = open_page("runs")
    key = app.main.dataframe[0].key
    app.session_state[key] = {"selection": {"rows": [1, 0], "columns": [], "cells": []}}
    app.run()
    assert "**2 runs** selected" in texts(app)
    assert app.query_params["runs"] == f"{THREE},{TWO}"


def test_when_the_list_changes_the_same_run_stays_selected(open_page, three):
    app = open_page("runs", runs=TWO)
    assert "LeNet-5" in texts(app)
    construct_run("20260109-000000-quick")
    app.run()
    assert "**LeNet-5, 02 Jan 00:00:00**" in texts(app)
    assert app.query_params["runs"] == TWO


def test_a_run_can_be_activated(open_page, three):
    app = open_page("runs", runs=TWO)
    button(app, "Make active").click().run()
    assert read_active().run == TWO
    assert "**LeNet-5, 02 Jan 00:00:00** is now the active model." in texts(app)
    assert button(app, "Make active").disabled
    assert "Active model: **LeNet-5, 02 Jan 00:00:00**" in texts(app)


def test_a_run_that_cannot_be_activated_gives_a_message(open_page, three, monkeypatch):
    app = open_page("runs", runs=TWO)

    def refuse(name):
        raise StorageError("the disk is full. Free some space")

    monkeypatch.setattr(cached, "activate", refuse)
    button(app, "Make active").click().run()
    assert "the disk is full" in texts(app)
    assert read_active().run == SHIPPED


def test_a_run_without_a_valid_model_cannot_be_activated(open_page):
    construct_run(ONE)
    app = open_page("runs", runs=ONE)
    button(app, "Make active").click().run()
    assert "model.tflite is not a LiteRT model" in texts(app)
    assert read_active().run == SHIPPED


def test_a_name_that_is_too_long_gives_a_message(open_page, three):
    app = open_page("runs", runs=TWO)
    button(app, "Edit").click().run()
    field(app, "Name").input("n" * 61)
    button(app, "Save").click().run()
    assert "at most 60 characters, this one has 61" in app.error[0].value
    assert note_of(TWO) == Note()


def test_a_name_is_shown_on_every_page_and_without_one_the_usual_name(open_page, three):
    app = open_page("runs", runs=ONE)
    button(app, "Edit").click().run()
    field(app, "Name").set_value("my **best** one")
    app.text_area[0].set_value("<b>dropout</b>")
    button(app, "Save").click().run()
    assert note_of(ONE) == Note(title="my **best** one", text="<b>dropout</b>")
    assert r"my \*\*best\*\* one" in texts(app)
    assert [text.value for text in app.main.text] == ["<b>dropout</b>"]  # as text, not as HTML
    assert list(app.main.dataframe[0].value["run"])[2] == "my **best** one"
    activate(ONE)
    go_to(app, "results")
    assert r"Active model: **my \*\*best\*\* one**" in texts(app)
    assert any(option.startswith("my **best** one") for option in app.main.selectbox[0].options)
    write_note(ONE, "", "")
    assert "Active model: **Quick, 01 Jan 00:00:00**" in texts(go_to(app, "runs"))


def test_two_runs_with_the_same_name_can_be_told_apart(open_page, three):
    for name in (ONE, TWO):
        write_note(name, "the same", "")
    assert [f"the same ({name})" for name in (TWO, ONE)] == list(open_page("runs").main.dataframe[0].value["run"])[1:3]
    app = open_page("results", run=ONE)
    assert app.main.selectbox[0].value == ONE
    app.main.selectbox[0].select(TWO).run()
    assert app.query_params["run"] == TWO


def test_comparing_and_results_lead_to_their_pages_with_the_runs(open_page, three, switched):
    app = open_page("runs", runs=ONE)
    assert button(app, "Compare").disabled
    button(app, "Results").click().run()
    button(open_page("runs", runs=f"{THREE},{ONE}"), "Compare").click().run()
    assert switched == [
        ("pages/results.py", {"run": ONE}),
        ("pages/compare.py", {"runs": f"{THREE},{ONE}"}),
    ]


def test_a_download_holds_the_folders(own_home, three):
    archive = zipfile.ZipFile(io.BytesIO(actions.zip_bytes([three[ONE], three[TWO]])))
    assert {name.split("/")[0] for name in archive.namelist()} == {ONE, TWO}


def test_too_large_a_download_is_disabled_with_the_reason(open_page, three, monkeypatch):
    monkeypatch.setattr(actions, "_MOST_BYTES", 10)
    (found,) = open_page("runs", runs=f"{ONE},{TWO}").get("download_button")
    assert found.proto.disabled
    assert "at most" in found.proto.help
    (found,) = open_page("runs", runs=ONE).get("download_button")
    assert not found.proto.disabled


def test_deleting_asks_first(open_page, three):
    app = open_page("runs", runs=f"{ONE},{TWO}")
    button(app, "Delete").click().run()
    assert len(list_runs().runs) == 4
    button(app, "Keep").click().run()
    assert len(list_runs().runs) == 4
    button(app, "Delete").click().run()
    button(app, "Delete 2 runs").click().run()
    assert [run.name for run in list_runs().runs] == [THREE, SHIPPED]
    assert "2 runs were deleted" in texts(app)
    assert "runs" not in app.query_params
    assert "Select rows" in texts(app)


def test_the_active_the_shipped_and_an_exported_run_cannot_be_deleted(open_page, three):
    activate(ONE)
    task = export_task(three[TWO], FORMATS["onnx"])
    task.write_status(TaskStatus(state="running", message="Converting"))
    with FileLock(task.lock_path):
        app = open_page("runs", runs=f"{ONE},{TWO},{SHIPPED}")
        button(app, "Delete").click().run()
    shown = dialog_texts(app)
    assert "**Quick, 01 Jan 00:00:00** cannot be deleted: " in shown
    assert "**LeNet-5, 02 Jan 00:00:00** cannot be deleted: it is being exported" in shown
    assert "**The shipped model** cannot be deleted: it comes with the project" in shown
    assert not [label for label in labels(app) if re.match("Delete (it|\\d)", label)]
    button(app, "Close").click().run()
    assert len(list_runs().runs) == 4


def test_a_run_activated_before_the_deletion_is_confirmed_stays(open_page, three, monkeypatch):
    app = open_page("runs", runs=f"{ONE},{TWO}")
    button(app, "Delete").click().run()
    # Another window activates one of them after this one has checked.
    monkeypatch.setattr(dialogs, "why_not_deletable", lambda name: None)
    activate(ONE)
    button(app, "Delete 2 runs").click().run()
    assert f"The run {ONE} cannot be deleted" in texts(app)
    assert "**LeNet-5, 02 Jan 00:00:00** was deleted" in texts(app)
    assert (paths.runs_folder() / ONE).is_dir()
    assert not (paths.runs_folder() / TWO).exists()


def test_a_run_deleted_in_another_window_gives_a_message(open_page, three, monkeypatch):
    app = open_page("runs", runs=ONE)
    button(app, "Delete").click().run()
    delete = dialogs.delete_run

    def too_late(name):
        delete(name)
        delete(name)

    monkeypatch.setattr(dialogs, "delete_run", too_late)
    button(app, "Delete it").click().run()
    assert "it may have been deleted" in texts(app)


def test_a_damaged_run_is_listed_with_its_reason_and_can_be_deleted(open_page, three):
    (three[TWO].path / "metrics.json").write_text("{")
    app = open_page("runs", runs=TWO)
    assert re.search(r"\*\*20260102-000000-lenet5\*\*: .*metrics\.json cannot be read", texts(app))
    assert "is damaged; see below" in texts(app)
    app.main.button(key=f"delete-{TWO}").click().run()
    button(app, "Delete it").click().run()
    assert not list_runs().damaged
    assert "was deleted" in texts(app)


def test_every_page_works_with_a_hundred_runs(open_page):
    construct_runs(100)
    app = open_page("runs")
    assert len(app.main.dataframe[0].value) == 101
    for page in ("results", "mistakes", "compare", "draw"):
        go_to(app, page)


def stop_a_training(name: str, state: str, epoch: int) -> trainings.Job:
    folder = paths.working_folder() / name
    (folder / CHECKPOINT).mkdir(parents=True)
    (folder / CHECKPOINT / "training_metadata.json").write_text(f'{{"epoch": {epoch}}}')
    job = trainings.Job(folder)
    job.write_progress(Progress(state=state, epoch=epoch + 1, epochs=30))
    return job


def test_interrupted_trainings_can_be_resumed_or_deleted(open_page, three, monkeypatch):
    cancelled = stop_a_training("20260104-000000-quick", "cancelled", 7)
    killed = stop_a_training("20260105-000000-lenet5", "failed", 2)
    stop_a_training("20260106-000000-tiny", "failed", 0)  # without a checkpoint
    app = open_page("runs")
    assert "Quick, 04 Jan 00:00:00**: cancelled after epoch 7 of 30" in texts(app)
    assert "LeNet-5, 05 Jan 00:00:00**: stopped after epoch 2 of 30" in texts(app)
    assert "06 Jan 00:00:00**: " not in texts(app)
    app.button(key=f"delete-{killed.name}").click().run()
    assert not killed.folder.exists()
    resumed = []
    monkeypatch.setattr(trainings, "resume", resumed.append)
    app.button(key=f"resume-{cancelled.name}").click().run()
    assert resumed == [cancelled]
    monkeypatch.setattr(trainings, "resume", refuse)
    app.button(key=f"resume-{cancelled.name}").click().run()
    assert "Another training" in texts(app)


def refuse(_job):
    raise TrainingBusy("Another training is under way.")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"find": "best LENET"}, [TWO]),
        ({"find": "for 3b"}, [ONE]),
        ({"tag": "good"}, [TWO, ONE]),
        ({"tag": "good", "preset": "quick,tiny"}, [ONE]),
        ({"preset": "two_block,lenet5"}, [THREE, TWO]),
        ({"data": "mnist", "find": "quick"}, [ONE]),
    ],
)
def test_the_table_shows_the_runs_that_match_the_address(open_page, three, query, names):
    write_note(ONE, "", "for 3b", ["good"])
    write_note(TWO, "my best", "", ["good", "fast"])
    assert shown(open_page("runs", **query)) == names


def test_the_search_and_the_filter_are_in_the_address(open_page, three):
    write_note(TWO, "", "", ["good"])
    app = open_page("runs")
    field(app, "Search").set_value("lenet").run()
    assert shown(app) == [TWO]
    app.multiselect(key="runs_tag").select("good").run()
    app.multiselect(key="runs_preset").select("lenet5").run()
    assert (app.query_params["find"], app.query_params["tag"], app.query_params["preset"]) == (
        "lenet",
        "good",
        "lenet5",
    )


def test_where_no_run_matches_all_can_be_shown_again(open_page, three):
    app = open_page("runs", find="nothing like it", columns="all")
    assert "No run matches" in texts(app)
    button(app, "Show all runs").click().run()
    assert len(shown(app)) == 4
    assert list(app.query_params) == ["columns"]


def test_a_filter_in_the_address_that_no_run_fits_is_ignored_with_a_sentence(open_page, three):
    app = open_page("runs", preset="huge", tag="<b>")
    assert "No run has the preset **huge** that is in the address; it is ignored." in texts(app)
    assert len(shown(app)) == 4


def test_a_run_that_is_selected_but_not_shown_cannot_be_deleted(open_page, three):
    app = open_page("runs", runs=f"{ONE},{TWO}", find="lenet")
    button(app, "Delete").click().run()
    button(app, "Delete it").click().run()
    assert [run.name for run in list_runs().runs] == [THREE, ONE, SHIPPED]


def test_tags_are_given_in_the_dialog_and_shown(open_page, three):
    write_note(ONE, "", "", ["good"])
    app = open_page("runs", runs=TWO)
    button(app, "Edit").click().run()
    (tags,) = [box for box in app.multiselect if box.label == "Tags" and box.key is None]
    tags.select("good")
    button(app, "Save").click().run()
    assert note_of(TWO).tags == ("good",)
    assert ":blue-badge[good]" in texts(app)
    assert list(app.main.dataframe[0].value["tags"])[1:3] == [["good"], ["good"]]


def test_the_columns_that_matter_come_first_and_the_others_by_choice(open_page, three):
    def columns(app):
        return json.loads(app.main.dataframe[0].proto.columns), list(app.main.dataframe[0].proto.column_order)

    app = open_page("runs")
    assert columns(app)[1] == ["run", "active", "accuracy", "data", "created", "note"]
    app.toggle(key="runs_columns").set_value(True).run()
    assert columns(app)[1][6:] == ["preset", "seed", "loss", "parameters", "epochs", "seconds", "name"]
    assert app.query_params["columns"] == "all"


def test_a_deleted_run_in_the_address_gives_a_sentence(open_page, three):
    app = open_page("runs", runs="20250101-000000-quick-no3")
    assert "There is no run named **20250101-000000-quick-no3**" in texts(app)
    assert "it may have been deleted" in texts(app)


def test_the_running_training_stands_above_the_table(open_page, three, monkeypatch):
    folder = paths.working_folder() / "20260107-000000-quick-no4"
    folder.mkdir(parents=True)
    job = trainings.Job(folder)
    job.write_progress(Progress(state="training", epoch=1, epochs=9))
    monkeypatch.setattr(trainings, "current", lambda: job)
    assert "**Quick 4** is in training, 9 epochs" in texts(open_page("runs"))


def test_what_the_next_training_deletes_is_announced(open_page, monkeypatch):
    construct_run("20260101-000000-quick-no1")
    construct_run("20260102-000000-quick-no2")
    monkeypatch.setenv("DIGITS_MAX_RUNS", "3")
    assert "next training deletes" not in texts(open_page("runs"))
    monkeypatch.setenv("DIGITS_MAX_RUNS", "2")
    announced = texts(open_page("runs"))
    assert "At most 2 runs and 5,000 MB are kept" in announced
    assert "The next training deletes the oldest without a name, note or tag: **Quick 1**." in announced
    monkeypatch.setenv("DIGITS_MAX_RUNS", "none")
    assert "DIGITS\\_MAX\\_RUNS should be a number above 0" in texts(open_page("runs"))
