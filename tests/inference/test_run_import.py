import io
import zipfile

import pytest

from digit_core import Recognizer
from digit_core.access import actors
from digit_core.access.actors import Actor, Role
from digit_core.errors import InvalidImport, NotPermitted
from digit_core.inference.run_import import import_runs
from digit_core.runs.run import SHIPPED, list_runs, open_run
from digit_core.runs.zip_archive import DIGESTS, write_archive
from tests import hostile_files
from tests.hostile_files import NAME, run_files, zipped


def packed(*names: str) -> io.BytesIO:
    file = io.BytesIO()
    write_archive([open_run(name) for name in names], file)
    return file


def test_an_exported_run_is_imported_whole_under_a_free_name(own_home, four):
    first, second = import_runs(packed(SHIPPED)) + import_runs(packed(SHIPPED))
    assert [first.name, second.name] == ["shipped-2", "shipped-3"]
    for path in open_run(SHIPPED).path.rglob("*.*"):
        copy = first.path / path.relative_to(open_run(SHIPPED).path)
        assert path.is_dir() or copy.read_bytes() == path.read_bytes()
    expected = Recognizer.load(SHIPPED).predict_strokes(four, 18)
    assert Recognizer.load(first.name).predict_strokes(four, 18).confidence == expected.confidence
    assert list((own_home / "working").iterdir()) == []


def test_an_archive_of_an_earlier_version_without_digests_is_imported(own_home):
    files = {**run_files(), f"{NAME}/progress.json": b"{}", "__MACOSX/._a": b"", f"{NAME}/.DS_Store": b""}
    (run,) = import_runs(io.BytesIO(zipped(files)))
    assert run.name == NAME
    assert not (run.path / "progress.json").exists()
    assert import_runs(io.BytesIO(zipped(files)))[0].name == "20260101-000000-quick-no1"


def test_a_file_that_was_changed_since_it_was_packed_is_named():
    with zipfile.ZipFile(packed(SHIPPED)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert f"{SHIPPED}/{DIGESTS}" in files
    files[f"{SHIPPED}/history.csv"] += b"\n"
    with pytest.raises(InvalidImport, match=r"changed or damaged since it was packed: history\.csv"):
        import_runs(io.BytesIO(zipped(files)))


@pytest.mark.parametrize("name", ["Lambda layer", "model that is no LiteRT", "symbolic link"])
def test_of_a_refused_file_nothing_is_kept(own_home, name):
    with pytest.raises(InvalidImport):
        import_runs(io.BytesIO(hostile_files.RUNS[name]()))
    assert [run.name for run in list_runs().runs] == [SHIPPED]
    assert not [path for path in own_home.rglob("*") if path.is_file()]


def test_a_visitor_may_not_import(monkeypatch, own_home):
    monkeypatch.setattr(actors, "_identify", lambda: Actor(Role.VISITOR, "one"))
    with pytest.raises(NotPermitted):
        import_runs(packed(SHIPPED))
    assert not own_home.exists()
