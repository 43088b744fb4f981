import hashlib
import io
import os
import zipfile

import pytest

from digit_core.errors import DamagedRun, UnknownRun
from digit_core.runs.publishing import remove_folder
from digit_core.runs.run import SHIPPED, open_run
from digit_core.runs.zip_archive import DIGESTS, archive_name, unpacked_size, write_archive
from tests.constructed import construct_run


@pytest.fixture
def run(own_home):
    return construct_run("20260101-000000-quick")


def packed(*runs) -> zipfile.ZipFile:
    file = io.BytesIO()
    write_archive(runs, file)
    return zipfile.ZipFile(file)


def test_an_archive_holds_exactly_the_folders_of_the_runs(run):
    runs = (run, open_run(SHIPPED))
    archive = packed(*runs)
    expected = {
        f"{each.name}/{path.relative_to(each.path).as_posix()}": path.read_bytes()
        for each in runs
        for path in each.path.rglob("*")
        if path.is_file()
    }
    found = {name: archive.read(name) for name in archive.namelist()}
    digests = {name: found.pop(f"{name}/{DIGESTS}").decode() for name in [each.name for each in runs]}
    assert found == expected
    for name, listed in digests.items():
        own = {path.removeprefix(f"{name}/"): content for path, content in found.items() if path.startswith(f"{name}/")}
        lines = [f"{hashlib.sha256(content).hexdigest()}  {path}" for path, content in own.items()]
        assert listed.splitlines() == lines
    assert sum(map(len, expected.values())) == unpacked_size(runs)
    assert archive_name(runs) == "2-runs.zip"
    assert archive_name(runs[:1]) == "20260101-000000-quick.zip"


def test_an_unpacked_archive_is_a_run_again(run, tmp_path):
    packed(run).extractall(tmp_path)
    assert (tmp_path / run.name / "metrics.json").read_text() == (run.path / "metrics.json").read_text()


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there; run it on Linux or macOS")
def test_links_and_hidden_files_are_not_packed(run, tmp_path):
    (tmp_path / "secret").write_text("of another")
    (run.path / "figures").mkdir()
    (run.path / "figures" / "link.png").symlink_to(tmp_path / "secret")
    (run.path / ".half-written").write_text("{")
    names = packed(run).namelist()
    assert not [name for name in names if "link" in name or "half" in name]
    assert all(name.startswith(f"{run.name}/") and ".." not in name for name in names)


def test_a_file_with_an_impossible_date_is_packed(run):
    os.utime(run.path / "history.csv", (0, 0))
    assert f"{run.name}/history.csv" in packed(run).namelist()


def test_a_file_that_cannot_be_read_is_named(run, monkeypatch):
    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(zipfile.ZipInfo, "from_file", refuse)
    with pytest.raises(DamagedRun, match=r"calibration\.json cannot be read: Permission denied"):
        packed(run)


def test_a_deleted_run_cannot_be_archived(run):
    remove_folder(run.path)
    with pytest.raises(UnknownRun, match="may have been deleted"):
        packed(run)
