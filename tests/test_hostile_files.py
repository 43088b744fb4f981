"""Files of strangers are refused with a sentence, quickly, and write nothing anywhere else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from digit_core.storage import paths
from tests import hostile_files
from tests.resource_limits import MOST_MEGABYTES, MOST_SECONDS, seconds_here

CASES = [(kind, name) for kind, files in hostile_files.READERS.items() for name in files]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[tuple[str, str], dict]:
    """What each file led to, in a process of its own; and, under ("", "written"), the files that are there then."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "tmp").mkdir()
    environment = {**os.environ, "DIGITS_HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile_files"],
        cwd=paths.PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    written = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
    return {(each["kind"], each["name"]): each for each in found} | {("", "written"): written}


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_hostile_file_is_refused_with_a_sentence_quickly(outcomes, kind, name):
    outcome = outcomes[kind, name]
    assert outcome["seconds"] <= seconds_here(MOST_SECONDS)
    assert outcome["megabytes"] <= MOST_MEGABYTES
    if name in hostile_files.HARMLESS:
        assert outcome["refused"] is None
    else:
        assert outcome["refused"].endswith((".", "again.")), outcome["refused"]
        assert 20 < len(outcome["refused"]) < 400


def test_hostile_files_write_nothing_outside_of_their_folder(outcomes):
    assert outcomes["", "written"] == ["tmp"]
    assert not Path("/tmp/evil-of-a-digit-lab.py").exists()
