"""Shipping a run with the project."""

import pytest

from digit_core.errors import DamagedRun, NotShippable
from digit_core.runs import shipping
from digit_core.runs.run import DATA_FIGURES, REQUIRED, SHIPPED, Run, open_run
from digit_core.runs.shipping import ship
from digit_core.storage.paths import SHIPPED_RUN


@pytest.fixture
def run(add_run):
    run = add_run("20260101-120000-quick")
    for name in ("progress.json", "request.json", "train.log"):
        (run.path / name).write_text("a trace")
    for name in DATA_FIGURES:
        for ending in ("png", "svg"):
            (run.path / "figures" / f"{name}.{ending}").write_bytes(b"images of the data set")
    return run


def test_a_shipped_run_is_complete_and_shows_no_image_of_its_data(run, tmp_path):
    size = ship(run, tmp_path / "shipped")
    copy = Run(tmp_path / "shipped")
    copy.check()
    assert {path.name for path in copy.path.iterdir()} == {*REQUIRED, "steps.csv", "figures"}
    assert set(copy.figures()) == set(run.figures()) - set(DATA_FIGURES) >= {"confusion", "curves"}
    assert size == sum(path.stat().st_size for path in copy.path.rglob("*") if path.is_file())
    assert [path.name for path in tmp_path.iterdir() if "shipped" in path.name] == ["shipped"]


def test_the_old_shipped_run_stays_if_the_new_one_cannot_be_shipped(run, tmp_path, monkeypatch):
    target = tmp_path / "shipped"
    ship(run, target)
    before = (target / "metrics.json").read_bytes()
    (run.path / "metrics.json").write_text("{}")
    with pytest.raises(DamagedRun):
        ship(run, target)
    monkeypatch.setattr(shipping, "MAX_BYTES", 1000)
    with pytest.raises(NotShippable, match=r"has [\d.]+ MB, at most"):
        ship(open_run(SHIPPED), target)
    assert (target / "metrics.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "shipped" in path.name] == ["shipped"]


def test_a_folder_that_is_not_a_run_is_not_replaced(run, tmp_path):
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "thesis.txt").write_text("years of work")
    with pytest.raises(NotShippable, match="is not a run"):
        ship(run, documents)
    assert (documents / "thesis.txt").read_text() == "years of work"


def test_the_shipped_run_is_not_shipped_again():
    with pytest.raises(NotShippable, match="already"):
        ship(open_run(SHIPPED), SHIPPED_RUN)


def test_the_projects_run_shows_no_image_of_its_data():
    assert not {path.stem for path in SHIPPED_RUN.rglob("*")} & set(DATA_FIGURES)
    assert sum(path.stat().st_size for path in SHIPPED_RUN.rglob("*") if path.is_file()) <= shipping.MAX_BYTES
