"""A cluster of two nodes on loopback, and a search that loses one of them, and is then stopped altogether.

python -m tests.cluster.two_nodes --trials 12

prints what happened; the tests run a shorter one.
"""

import argparse
import csv
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Self

from digit_core.runs.run import open_run
from digit_core.runs.searches import Search, Trial, read_search, read_trials, search_folder
from digit_core.storage import paths
from tests.waiting import wait_for

PATIENCE = 3600  # seconds, on a machine that does other work


class TwoNodes:
    """Two raylets of one core each; a context manager."""

    def __enter__(self) -> Self:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        from ray.cluster_utils import Cluster

        self._temporary = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # short: sockets lie in it
        Path(tempfile.gettempdir(), "ray").mkdir(exist_ok=True)  # where Ray notes the cluster's address
        common = {"num_cpus": 1, "object_store_memory": 100_000_000, "include_dashboard": False}
        self._cluster = Cluster(initialize_head=True, head_node_args={**common, "temp_dir": self._temporary})
        self._second = self._cluster.add_node(**common)
        self.address = self._cluster.address
        return self

    def lose_one(self) -> None:
        """Kill the node that is not the head."""
        self._cluster.remove_node(self._second, allow_graceful=False)

    @property
    def lost(self) -> str:
        """The beginning of the second node's id, as trials name it."""
        return self._second.node_id[:8]

    def __exit__(self, *_: object) -> None:
        self._cluster.shutdown()
        shutil.rmtree(self._temporary, ignore_errors=True)


def search_that_loses_a_node_and_is_stopped(trials: int, epochs: int, name: str = "hard") -> list[str]:
    """Run it in this home and return what happened; raises AssertionError if a trial is lost or doubled."""
    said = []
    options = ["--trials", trials, "--epochs", epochs, "--data", "digits", "--name", name, "--rung", epochs]
    with TwoNodes() as nodes:
        process = _command("scripts/search.py", *options, "--address", nodes.address)
        try:
            _wait(process, lambda: any(trial.node == nodes.lost for trial in _trials(name)))
            nodes.lose_one()
            said.append(f"node {nodes.lost} lost with {_states(name)}")
            at_least = max(sum(trial.state == "finished" for trial in _trials(name)), trials // 2)
            _wait(process, lambda: sum(trial.state == "finished" for trial in _trials(name)) >= at_least)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    said.append(f"command and cluster killed with {_states(name)}")
    resumed = _command("scripts/search.py", "--resume", "--name", name)
    output, _ = resumed.communicate(timeout=PATIENCE)
    assert resumed.returncode == 0, output
    search, found = read_search(name), _trials(name)
    said.append(f"resumed: {_states(name)}; best: trial {search.best}, run {search.run}")
    _check(search, found, trials)
    return said


def _check(search: Search, found: list[Trial], trials: int) -> None:
    assert [trial.number for trial in found] == list(range(1, trials + 1))
    assert len({trial.id for trial in found}) == trials
    assert len({str(sorted(trial.settings.items())) for trial in found}) == trials
    assert {trial.state for trial in found} == {"finished"}
    best = min(found, key=lambda trial: trial.validation_loss)
    assert search.finished and search.best == best.number
    run = open_run(search.run)
    assert run.history()[-1]["val_loss"] == best.validation_loss
    with (search_folder(search.name) / "trials.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == trials
    assert len(list(paths.runs_folder().iterdir())) == 1


def _command(*arguments: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=paths.PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _wait(process: subprocess.Popen, holds) -> None:
    def holds_or_ended() -> bool:
        assert process.poll() is None, process.communicate()[0]
        return holds()

    assert wait_for(holds_or_ended, seconds=PATIENCE)


def _trials(name: str) -> list[Trial]:
    folder = search_folder(name)
    return read_trials(read_search(name)) if (folder / "search.json").exists() else []


def _states(name: str) -> str:
    counts = Counter(trial.state for trial in _trials(name))
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no trial"


def main() -> None:
    """Run it in a home of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DIGITS_HOME"] = str(Path(folder) / "home")
        for line in search_that_loses_a_node_and_is_stopped(given.trials, given.epochs):
            print(line, flush=True)


if __name__ == "__main__":
    main()
