"""Run folders changed by hand: each damage is reported, and nothing outside of a folder is read."""

import json
import os
import zipfile

import numpy as np
import pytest

from digit_core.errors import DamagedRun, StorageError
from digit_core.jobs.deletion import delete_run
from digit_core.jobs.training_job import Job
from digit_core.runs.json_files import read_file
from digit_core.runs.run import SHIPPED, Run, list_runs, open_run
from digit_core.runs.zip_archive import unpacked_size
from digit_core.storage import paths
from digit_core.storage.files import write_text

NAME = "20260101-120000-quick"
TEN = np.arange(10)
EVEN = np.full((10, 10), 0.1, np.float32)


@pytest.fixture
def run(add_run) -> Run:
    return add_run(NAME)


def change(run: Run, file: str, **fields) -> None:
    path = run.path / file
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("confusion", [[1] * 10] * 9),
        ("confusion", [[1] * 9] * 10),
        ("confusion", [[-1] * 10] * 10),
        ("confusion", []),
        ("per_class", []),
        ("per_class", [{"digit": 3, "precision": 1, "recall": 1, "f1": 1, "support": 1}] * 10),
        ("accuracy", float("nan")),
        ("accuracy", 7),
        ("accuracy_interval", [0.5, float("inf")]),
        ("loss", float("nan")),
        ("loss", -1),
        ("training_seconds", float("inf")),
        ("test_images", -5),
        ("parameters", 10**40),
    ],
)
def test_impossible_metrics_are_reported(run, field, value):
    change(run, "metrics.json", **{field: value})
    assert "metrics.json cannot be used" in list_runs().damaged[NAME]


@pytest.mark.parametrize("temperature", [float("nan"), float("inf"), 1e-300, 0])
def test_an_impossible_temperature_is_reported(run, temperature):
    change(run, "calibration.json", temperature=temperature)
    assert "calibration.json cannot be used" in list_runs().damaged[NAME]


@pytest.mark.parametrize(
    ("probabilities", "labels", "reason"),
    [
        (EVEN, TEN + 1, "labels go from 1 to 10"),
        (EVEN, TEN - 1, "labels go from -1 to 8"),
        (EVEN, TEN * 10**15, "labels go from 0"),
        (EVEN, TEN / 2, "labels are float64"),
        (EVEN, TEN[:4], "not (4, 10)"),
        (EVEN, np.int64(3), "labels are int64 of shape ()"),
        (EVEN[:0], TEN[:0], "not whole numbers of shape (n,)"),
        (EVEN * np.nan, TEN, "not numbers from 0 to 1"),
        (EVEN - 1, TEN, "not numbers from 0 to 1"),
        (EVEN[:, :9], TEN, "not (10, 10)"),
    ],
)
def test_impossible_predictions_are_reported(run, probabilities, labels, reason):
    np.savez(run.path / "predictions.npz", probabilities=probabilities, labels=labels)
    with pytest.raises(DamagedRun) as error:
        run.predictions()
    assert reason in str(error.value)


def test_predictions_that_unpack_to_gigabytes_are_not_unpacked(run):
    with zipfile.ZipFile(run.path / "predictions.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("probabilities.npy", "labels.npy"):
            archive.writestr(name, bytes(40_000_000))
    with pytest.raises(DamagedRun, match="unpacks to more than"):
        run.predictions()


_HEADER = "epoch,loss,accuracy,val_loss,val_accuracy,seconds\n"


@pytest.mark.parametrize(
    "content", [_HEADER, _HEADER + "1,nan,1,1,1,1\n", _HEADER + "1,1,1,inf,1,1\n", _HEADER + "1,1,1,1,1,1\n" * 20_000]
)
def test_an_impossible_history_is_reported(run, content):
    (run.path / "history.csv").write_text(content)
    with pytest.raises(DamagedRun, match=r"history\.csv"):
        run.history()


def test_messages_name_files_without_the_folders_of_the_machine(run, own_home):
    (run.path / "history.csv").write_text("nonsense\n1\n")
    (run.path / "metrics.json").write_text("{")
    (own_home / "exports").write_text("a file where a folder should be")
    with pytest.raises(DamagedRun) as history:
        run.history()
    with pytest.raises(StorageError) as storage:
        write_text(paths.exports_folder() / "a", "")
    for message in (str(history.value), list_runs().damaged[NAME], str(storage.value)):
        assert str(own_home.parent) not in message
        assert own_home.name in message


links = pytest.mark.skipif(os.name == "nt", reason="links and pipes need a privilege there; run it on Linux or macOS")


@links
def test_a_run_that_is_a_link_is_damaged_and_not_followed(own_home, tmp_path):
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "diary.txt").write_text("mine")
    paths.runs_folder().mkdir(parents=True)
    (paths.runs_folder() / NAME).symlink_to(tmp_path / "private")
    (paths.runs_folder() / "whole").symlink_to(paths.SHIPPED_RUN)
    damaged = list_runs().damaged
    assert damaged.keys() == {NAME, "whole"}
    assert "is a link" in damaged["whole"]
    with pytest.raises(DamagedRun, match="is a link"):
        open_run("whole")
    assert unpacked_size([Run(paths.runs_folder() / NAME)]) == 0
    delete_run(NAME)
    assert (tmp_path / "private" / "diary.txt").read_text() == "mine"
    assert [path.name for path in paths.runs_folder().iterdir()] == ["whole"]


@links
@pytest.mark.parametrize("name", ["config.json", "metrics.json", "model.tflite", "predictions.npz", "history.csv"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_link_pipe_or_folder_in_place_of_a_file_is_damage_and_does_not_block(run, tmp_path, name, kind):
    path = run.path / name
    path.rename(tmp_path / "content")
    if kind == "link":
        path.symlink_to(tmp_path / "content")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    assert f"{name} is not a regular file" in list_runs().damaged[NAME]
    with pytest.raises(DamagedRun, match="not be|cannot be|lacks|is not"):
        for read in (Run.history, Run.predictions, Run.model_bytes, Run.check):
            read(run)


@links
def test_figures_that_are_links_are_not_shown(run, tmp_path):
    (tmp_path / "private.svg").write_text("mine")
    (run.path / "figures" / "mine.svg").symlink_to(tmp_path / "private.svg")
    (run.path / "figures" / "curves.png").unlink()
    (run.path / "figures" / "curves.png").symlink_to(tmp_path / "private.svg")
    os.mkfifo(run.path / "figures" / "pipe.svg")
    assert "curves" in run.figures() and not {"mine", "pipe"} & run.figures().keys()
    for name, kind in (("mine", "svg"), ("curves", "png"), ("pipe", "svg"), ("gone", "svg")):
        with pytest.raises(DamagedRun, match=f"{name}.{kind} cannot be read"):
            run.figure(name, kind)
    (run.path / "figures").rename(tmp_path / "figures")
    (run.path / "figures").symlink_to(tmp_path / "figures")
    assert run.figures() == {}


@links
def test_a_pipe_in_place_of_the_progress_does_not_block(own_home):
    folder = paths.working_folder() / NAME
    folder.mkdir(parents=True)
    os.mkfifo(folder / "progress.json")
    assert Job(folder).progress() is None


def test_a_record_of_many_megabytes_is_not_read(tmp_path):
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(10**9)
    with pytest.raises(DamagedRun, match="more than"):
        read_file(tmp_path / "a.json")


def test_the_shipped_run_is_valid():
    open_run(SHIPPED).check()
