"""`scripts/predict.py FOLDER --out FILE`: a row for each file, whatever happens on the way."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digit_core.inference.batch import CHUNK, Row, Task, list_files, predict_files
from digit_core.storage import paths
from scripts.benchmarks.drawings import FOUR, SEVEN, paint


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two pictures of digits in two folders, and files that are none."""
    folder = tmp_path / "scans"
    (folder / "more").mkdir(parents=True)
    Image.fromarray(paint(SEVEN)).save(folder / "seven.png")
    Image.fromarray(255 - paint(FOUR)).save(folder / "more" / "four.jpg")
    Image.new("L", (50, 50), 255).save(folder / "blank.png")
    (folder / "empty.png").touch()
    (folder / "text.png").write_text("not a picture")
    frames = [Image.new("L", (30, 30), level) for level in (0, 255)]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:], duration=100)
    frames[0].save(folder / "pages.tif", save_all=True, append_images=frames[1:])
    (folder / ".hidden").touch()
    return folder


def predict(*arguments: object, **options: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "scripts/predict.py", *map(str, arguments)],
        cwd=paths.PROJECT, capture_output=True, text=True, check=False, **options,
    )  # fmt: skip


def rows_of(file: Path) -> dict[str, dict]:
    with file.open(newline="") as text:
        return {row["path"]: row for row in csv.DictReader(text)}


def test_every_file_has_a_row_with_its_digit_or_the_reason_why_not(folder, tmp_path):
    out = tmp_path / "digits.csv"
    done = predict(folder, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "7 rows, 5 with a problem" in done.stdout
    assert "--numbers" not in done.stderr
    rows = rows_of(out)
    assert list(rows) == ["blank.png", "empty.png", "more/four.jpg", "moving.gif", "pages.tif", "seven.png", "text.png"]
    assert (rows["seven.png"]["text"], rows["more/four.jpg"]["text"]) == ("7", "4")
    assert float(rows["seven.png"]["confidence"]) > 0.9 and rows["seven.png"]["is_digit"] == "true"
    assert rows["seven.png"]["run"] == "shipped" and not rows["seven.png"]["problem"]
    assert "blank" in rows["blank.png"]["problem"] and "animation" in rows["moving.gif"]["problem"]
    assert "several pages" in rows["pages.tif"]["problem"]
    assert all("not a picture" in rows[name]["problem"] for name in ("empty.png", "text.png"))
    assert [path.name for path in tmp_path.glob("digits*")] == ["digits.csv"]
    again = predict(folder, "--out", out)
    assert again.returncode == 1 and "is complete" in again.stderr


def test_parquet_has_the_same_rows_and_numbers_are_predicted_whole(folder, tmp_path):
    import pyarrow.parquet

    Image.fromarray(np.hstack([paint(SEVEN), paint(FOUR)])).save(folder / "number.png")
    out = tmp_path / "digits.parquet"
    assert predict(folder, "--out", out, "--numbers").returncode == 0
    rows = {row["path"]: row for row in pyarrow.parquet.read_table(out).to_pylist()}
    assert len(rows) == 8 and rows["number.png"]["text"] == "74" and rows["seven.png"]["confidence"] > 0.9
    assert rows["empty.png"]["confidence"] is None


def test_a_folder_of_whole_numbers_is_told_of_the_option_for_them(tmp_path):
    (tmp_path / "scans").mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(np.hstack([paint(SEVEN), paint(FOUR), paint(SEVEN)])).save(tmp_path / "scans" / name)
    assert "--numbers reads them all" in predict(tmp_path / "scans", "--out", tmp_path / "a.csv").stderr
    told = predict(tmp_path / "scans", "--out", tmp_path / "b.csv", "--numbers").stderr
    assert "--numbers" not in told and [row["text"] for row in rows_of(tmp_path / "b.csv").values()] == ["747", "747"]


def test_killed_in_the_middle_it_goes_on_without_a_row_lost_or_doubled(tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    picture = tmp_path / "picture.png"
    Image.fromarray(paint(SEVEN)).save(picture)
    for number in range(3 * CHUNK):
        os.link(picture, folder / f"{number:05}.png")
    whole, killed = tmp_path / "whole.csv", tmp_path / "killed.csv"
    assert predict(folder, "--out", whole).returncode == 0
    command = [sys.executable, "scripts/predict.py", str(folder), "--out", str(killed)]
    process = subprocess.Popen(command, cwd=paths.PROJECT, stderr=subprocess.DEVNULL, start_new_session=True)
    while not killed.exists() or killed.read_bytes().count(b"\n") <= CHUNK:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with killed.open("ab") as file:
        file.write(b"half a ro")  # as if it had been killed while it wrote
    other = predict(tmp_path, "--out", killed)
    assert other.returncode == 1 and "another folder" in other.stderr
    assert predict(folder, "--out", killed).returncode == 0
    assert killed.read_bytes() == whole.read_bytes()


def test_a_file_that_ends_its_process_costs_itself_alone(folder, monkeypatch):
    files = list(list_files(folder))
    expected = [row.text for rows in predict_files(files, Task("shipped"), workers=1) for row in rows]
    monkeypatch.setenv("CRASH_ON", "empty.png")
    monkeypatch.setattr("digit_core.inference.batch._in_worker", crash)
    rows = [row for rows in predict_files(files, Task("shipped"), workers=2) for row in rows]
    assert [row.path for row in rows] == [str(file) for file in files]
    assert [row.text for row in rows] == expected
    (crashed,) = [row for row in rows if Path(row.path).name == "empty.png"]
    assert "process that read it ended" in crashed.problem


def crash(chunk: list[str]) -> list[Row]:
    """In a worker: as usual, but at one file the process ends."""
    from digit_core.inference import batch

    if any(path.endswith(os.environ["CRASH_ON"]) for path in chunk):
        os._exit(1)
    return batch._predict_chunk(chunk)


def test_what_cannot_be_done_is_said_in_a_sentence(folder, tmp_path):
    empty = tmp_path / "nothing"
    empty.mkdir()
    assert "has no files" in predict(empty, "--out", tmp_path / "a.csv").stderr
    assert "name the file to write with --out" in predict(folder).stderr
    assert "ending in .csv or .parquet" in predict(folder, "--out", tmp_path / "a.txt").stderr
    assert "--out takes one folder" in predict(folder, folder, "--out", tmp_path / "a.csv").stderr
    assert not list(tmp_path.glob("a.*"))
