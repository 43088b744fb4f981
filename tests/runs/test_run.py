import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from digit_core.errors import DamagedRun, UnknownRun
from digit_core.runs.active_run import activate, read_active, usable_active_run
from digit_core.runs.publishing import move_into_place, remove_folder
from digit_core.runs.run import REQUIRED, SHIPPED, Run, list_runs, open_run
from digit_core.storage import paths


def test_a_fresh_checkout_has_a_complete_shipped_run(own_home):
    listing = list_runs()
    assert [run.name for run in listing.runs] == [SHIPPED]
    assert not listing.damaged
    run = listing.runs[0]
    assert run.predictions().probabilities.shape == (run.metrics.test_images, 10)
    assert len(run.history()) == run.metrics.epochs
    assert "scripts/train.py" in run.environment.command


def test_the_shipped_run_is_small_and_its_accuracy_is_that_of_its_predictions():
    size = sum(path.stat().st_size for path in paths.SHIPPED_RUN.rglob("*") if path.is_file())
    assert size <= 6_000_000
    run = open_run(SHIPPED)
    predictions = run.predictions()
    assert (predictions.predicted == predictions.labels).mean() == pytest.approx(run.metrics.accuracy, abs=2e-4)


def test_runs_are_listed_newest_first_then_renamed_ones_then_the_shipped_one(add_run):
    for name in ("20260101-120000-quick", "renamed", "20260301-120000-quick", "20260201-120000-lenet5"):
        add_run(name)
    *dated, renamed, last = (run.name for run in list_runs().runs)
    assert dated == ["20260301-120000-quick", "20260201-120000-lenet5", "20260101-120000-quick"]
    assert (renamed, last) == ("renamed", SHIPPED)


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("damage", ["missing", "empty"])
def test_a_damaged_run_is_listed_as_damaged_and_the_others_work(add_run, name, damage):
    add_run("whole")
    broken = add_run("broken")
    path = broken.path / name
    path.unlink() if damage == "missing" else path.write_bytes(b"")
    listing = list_runs()
    assert [run.name for run in listing.runs] == ["whole", SHIPPED]
    assert name in listing.damaged["broken"]
    with pytest.raises(DamagedRun, match=name):
        open_run("broken")


@pytest.mark.parametrize("name", ["config.json", "metrics.json", "calibration.json"])
@pytest.mark.parametrize("content", ["{", "[]", "null", '{"temperature": -1}', "\x00\xff"])
def test_records_with_nonsense_in_them_are_damaged_and_nothing_else(add_run, name, content):
    (add_run("broken").path / name).write_text(content)
    assert name in list_runs().damaged["broken"]


def test_damaged_history_and_predictions_are_reported_when_they_are_read(add_run):
    run = add_run("broken")
    (run.path / "predictions.npz").write_bytes(b"PK\x03\x04 nonsense")
    (run.path / "history.csv").write_text("epoch,loss\n1,many\n")
    with pytest.raises(DamagedRun, match=r"predictions\.npz"):
        run.predictions()
    with pytest.raises(DamagedRun, match=r"history\.csv"):
        run.history()


def test_the_message_for_a_broken_archive_does_not_advise_to_unpickle_it(add_run):
    run = add_run("broken")
    (run.path / "predictions.npz").write_bytes(b"x" * 1000)
    with pytest.raises(DamagedRun, match="is not a complete"):
        run.predictions()


@pytest.mark.parametrize("name", ["unknown", "../shipped", "..", "", "a/b", "x" * 200])
def test_an_unknown_or_impossible_name_is_refused(own_home, name):
    with pytest.raises(UnknownRun, match="no run named|cannot be the name of a run"):
        open_run(name)


def test_activating_a_run_remembers_the_previous_one(add_run):
    add_run("one")
    add_run("two")
    assert read_active().run == SHIPPED
    activate("one")
    activate("two")
    assert (read_active().run, read_active().previous) == ("two", "one")
    activate("two")
    assert read_active().previous == "one"


def test_a_run_that_cannot_be_opened_is_not_activated(add_run):
    add_run("one")
    activate("one")
    with pytest.raises(UnknownRun):
        activate("unknown")
    assert read_active().run == "one"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"run": 5}', '{"run": "gone"}'])
def test_with_a_damaged_active_file_the_shipped_run_is_used(own_home, content):
    paths.active_file().parent.mkdir(parents=True)
    paths.active_file().write_text(content)
    run, problem = usable_active_run()
    assert run.name == SHIPPED
    assert (problem is not None) == ("gone" in content)


def test_an_incomplete_folder_does_not_become_a_run(add_run):
    working = paths.working_folder() / "half"
    shutil.copytree(paths.SHIPPED_RUN, working)
    (working / "metrics.json").unlink()
    with pytest.raises(DamagedRun, match="metrics.json"):
        move_into_place(working)
    assert [run.name for run in list_runs().runs] == [SHIPPED]


@pytest.mark.parametrize("name", ["model.tflite", "model.keras", "predictions.npz"])
def test_a_truncated_file_is_noticed(own_home, name):
    working = paths.working_folder() / "whole"
    shutil.copytree(paths.SHIPPED_RUN, working)
    run = move_into_place(working)
    path = run.path / name
    path.write_bytes(path.read_bytes()[:500])
    assert f"{name} has 500 bytes" in list_runs().damaged["whole"]


def test_a_run_is_synced_to_disk_before_and_after_it_is_moved(own_home, monkeypatch):
    working = paths.working_folder() / "whole"
    shutil.copytree(paths.SHIPPED_RUN, working)
    written, fsync, rename = [], os.fsync, type(working).rename

    def sync(handle):
        written.append(os.fstat(handle).st_ino)
        fsync(handle)

    def move(path, target):
        assert {entry.stat().st_ino for entry in [working, *working.rglob("*")]} <= set(written)
        written.clear()
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(type(working), "rename", move)
    run = move_into_place(working)
    assert {run.path.parent.stat().st_ino, working.parent.stat().st_ino} <= set(written)


def test_a_removed_run_is_not_listed(add_run):
    remove_folder(add_run("one").path)
    assert [run.name for run in list_runs().runs] == [SHIPPED]


_MAKE_RUNS = """
import itertools, shutil
from digit_core.storage import paths
from digit_core.runs.publishing import move_into_place
from digit_core.runs.active_run import activate
for number in itertools.count():
    working = paths.working_folder() / f"run-{number:04}"
    shutil.rmtree(working, ignore_errors=True)
    shutil.copytree(paths.SHIPPED_RUN, working)
    activate(move_into_place(working).name)
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="kills with a POSIX signal; run it on Linux or macOS")
@pytest.mark.parametrize("seed", range(8))
def test_a_process_killed_at_any_moment_leaves_only_complete_runs(own_home, seed):
    child = subprocess.Popen([sys.executable, "-c", _MAKE_RUNS], cwd=paths.PROJECT, stdout=subprocess.PIPE)
    child.stdout.readline()  # the first run is in place
    moment = time.monotonic() + random.Random(seed).uniform(0, 0.05)
    while time.monotonic() < moment:
        assert not list_runs().damaged
    child.send_signal(signal.SIGKILL)
    child.wait()
    listing = list_runs()
    assert not listing.damaged
    assert len(listing.runs) >= 2
    for run in listing.runs:
        run.predictions()
    assert Run(paths.runs_folder() / read_active().run).metrics


def test_the_fingerprint_changes_with_any_file_of_the_run(add_run):
    run = add_run("one")
    before = run.fingerprint
    assert run.fingerprint == before == Run(run.path).fingerprint
    run.path.joinpath("metrics.json").write_text("{}")
    assert run.fingerprint != before


def test_a_trained_run_has_temperatures_for_the_canvas_and_for_pictures(trained_run):
    found = trained_run.calibration
    assert found.picture_temperature is not None and found.picture_temperature != found.temperature
