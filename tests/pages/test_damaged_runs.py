"""Every page opens although runs and what belongs to them are damaged."""

import os

import pytest

from digit_core.runs.active_run import activate
from digit_core.runs.run import REQUIRED
from digit_core.storage import paths
from digit_core.storage.files import write_text
from tests.constructed import construct_run
from tests.runs.damages import WHOLE

_PAGES = ("draw", "results", "mistakes", "my_drawings", "compare", "runs", "training", "join")
_OPENS = {  # damage that is found only when the file is read
    "history.csv": b"epoch,loss\n1,x\n",
    "steps.csv": b"\xff",
    "progress.json": b'{"state": "finished", "updated": 1e300}',
    "request.json": b"[",
}


@pytest.fixture
def damaged_home(own_home) -> list[str]:
    """A home in which one run is damaged in each way, and the active one is gone; the names of those that open."""
    number = 0
    for number, (kind, damage) in enumerate(WHOLE.items(), 1):
        if kind != "huge":
            damage(construct_run(f"202601{number:02}-000000-quick-no{number}").path / REQUIRED[number % len(REQUIRED)])
    (paths.runs_folder() / "link").symlink_to("/")
    opening = []
    for number, (file, content) in enumerate(_OPENS.items(), 1):
        run = construct_run(f"202602{number:02}-000000-quick-no{20 + number}")
        (run.path / file).write_bytes(content)
        opening.append(run.name)
    swapped = construct_run("20260301-000000-quick-no30")
    activate(opening[0])
    (paths.runs_folder() / opening[0] / "metrics.json").write_text("{")
    for folder in ("notes", "robustness", "exports"):
        write_text(own_home / folder / f"{opening[1]}.json", "[" * 9999)
    write_text(own_home / "queue" / "queue.json", '[{"path": "/", "log": "/", "command": [], "started": 1e300}]')
    write_text(paths.working_folder() / "20260401-000000-quick-no40" / "progress.json", '{"state": "training"}')
    return [*opening[1:], swapped.name]


@pytest.mark.skipif(os.name == "nt", reason="makes links and pipes; run it on Linux or macOS")
@pytest.mark.parametrize("page", _PAGES)
def test_every_page_opens_beside_damaged_runs(damaged_home, open_page, page):
    for name in damaged_home if page in ("results", "mistakes") else damaged_home[:1]:
        query = {"runs": ",".join(damaged_home)} if page == "compare" else {"run": name}
        open_page(page, **query)
