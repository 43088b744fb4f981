"""The promises of the benchmark, for seconds; `scripts/benchmark.py database` takes its time."""

import json
import subprocess
import sys

import pytest

from digit_core.storage import paths

_SCRIPT = """
import json, sys
from scripts.benchmarks.database_benchmark import kill_writers, write_at_once
print(json.dumps(write_at_once(20, 3.0) if sys.argv[1] == "many" else kill_writers(50)))
"""


@pytest.mark.parametrize(("kind", "fewest"), [("many", 20), ("killed", 50)])  # each writer has stored one, however slow
def test_what_is_confirmed_is_there_once_with_its_label(database_address, kind, fewest):
    # In a process of its own: it forks, and this one has threads.
    result = subprocess.run(
        [sys.executable, "-c", _SCRIPT, kind], cwd=paths.PROJECT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    prefix = "after_kills_" if kind == "killed" else ""
    assert figures[f"{prefix}confirmed"] >= fewest
    assert [figures[prefix + name] for name in ("lost", "twice", "without_label")] == [0, 0, 0]
    # On a busy machine a writer may wait for too long, and is told so.
    assert figures.get("failed", 0) <= figures[f"{prefix}confirmed"] / 20
