"""Listing many runs is fast, and notices every change."""

import shutil

import pytest

from digit_core.runs import run as run_folder
from digit_core.runs.publishing import remove_folder
from digit_core.runs.run import SHIPPED, list_runs, open_run
from digit_core.runs.schemas import Metrics
from digit_core.storage import paths
from tests.constructed import construct_run, construct_runs


@pytest.fixture
def parsed(monkeypatch) -> list:
    """The records that are parsed from here on."""
    seen, read = [], run_folder.read_model
    monkeypatch.setattr(run_folder, "read_model", lambda path, *rest: (seen.append(path), read(path, *rest))[1])
    return seen


def test_an_unchanged_run_is_parsed_once(own_home, parsed):
    construct_runs(12)
    first = list_runs()
    assert {path.parent.name for path in parsed} >= {run.name for run in first.runs} - {SHIPPED}
    parsed.clear()
    assert list_runs() == first
    assert open_run(first.runs[0].name) is first.runs[0]
    assert not parsed


def test_only_a_changed_run_is_parsed_again(own_home, parsed):
    changed, *_ = construct_runs(3)
    list_runs()
    parsed.clear()
    path = changed.path / "metrics.json"
    metrics = Metrics.model_validate_json(path.read_text())
    path.write_text(metrics.model_copy(update={"accuracy": 0.125}).model_dump_json())
    assert {run.name: run.metrics.accuracy for run in list_runs().runs}[changed.name] == 0.125
    assert {path.parent for path in parsed} == {changed.path}


@pytest.mark.parametrize("name", run_folder.REQUIRED)
def test_later_damage_and_repair_are_noticed(own_home, name):
    path = construct_run("20260101-000000-quick").path / name
    whole = path.read_bytes()
    assert not list_runs().damaged
    path.unlink()
    assert name in list_runs().damaged["20260101-000000-quick"]
    path.write_bytes(whole)
    assert not list_runs().damaged


def test_a_change_of_the_same_size_is_noticed(own_home):
    path = construct_run("20260101-000000-quick").path / "calibration.json"
    assert not list_runs().damaged
    path.write_bytes(b"x" * path.stat().st_size)
    assert "calibration.json" in list_runs().damaged["20260101-000000-quick"]


def test_a_new_run_with_the_name_of_a_deleted_one_is_parsed(own_home):
    run = construct_run("20260101-000000-quick", epochs=3)
    list_runs()
    remove_folder(run.path)
    assert run.path not in {listed.path for listed in list_runs().runs}
    construct_run(run.name, epochs=7)
    assert open_run(run.name).config.epochs == 7


def test_a_folder_that_is_being_deleted_is_not_listed(own_home):
    run = construct_run("20260101-000000-quick")
    shutil.move(run.path, run.path.with_name(f".{run.name}.deleted"))
    listing = list_runs()
    assert [run.name for run in listing.runs] == [SHIPPED]
    assert not listing.damaged


def test_a_deletion_that_was_interrupted_does_not_prevent_the_next(own_home):
    run = construct_run("20260101-000000-quick")
    shutil.copytree(run.path, run.path.with_name(f".{run.name}.deleted"))
    remove_folder(run.path)
    assert list(paths.runs_folder().iterdir()) == []


@pytest.mark.parametrize("name", ["my run", "shipped", "läuft"])
def test_a_folder_with_an_impossible_name_is_listed_with_the_rule_for_names(own_home, name):
    whole = construct_run("20260101-000000-quick").path
    whole.rename(whole.with_name(name))
    listing = list_runs()
    assert [run.path for run in listing.runs] == [paths.SHIPPED_RUN]
    assert "use letters, digits" in listing.damaged[name]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", '{"config": []}'),
        ("config.json", '{"sizes": []}'),
        ("config.json", '{"sizes": {"../elsewhere": 5}}'),
        ("config.json", '{"sizes": {"model.tflite": "many"}}'),
        ("metrics.json", "[" * 100_000),
    ],
)
def test_invalid_json_never_stops_the_listing(own_home, name, content):
    (construct_run("20260101-000000-quick").path / name).write_text(content)
    assert "20260101-000000-quick" in list_runs().damaged
