"""Trainers killed at any moment: no run is lost or incomplete, and the request is fulfilled or the reason given.

DIGITS_KILLS says how many real trainings are killed, at random moments (default: 1).
"""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from digit_core.jobs import trainings
from digit_core.runs.active_run import read_active
from digit_core.runs.config import training_config
from digit_core.runs.run import SHIPPED, list_runs, open_run
from digit_core.storage import paths
from tests.trainers import trainer_pid
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(os.name == "nt", reason="forks and kills as POSIX does; run it on Linux or macOS")
_KILLS = int(os.environ.get("DIGITS_KILLS", "1"))
_TRAINING = 12.0  # seconds: about what the training below takes


@pytest.mark.parametrize("work", ["trainer", "recovery"])
def test_a_kill_at_any_step_of_publishing_is_recovered(tmp_path, work):
    command = [sys.executable, "-m", "tests.training.killing", work, str(tmp_path)]
    result = subprocess.run(command, cwd=paths.PROJECT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["wrong"] == {}
    assert found["kills"] > 20
    assert any("killed publishing" in outcome for outcome in found["outcomes"])
    assert all("recovered finished" in outcome for outcome in found["outcomes"] if "killed evaluating" not in outcome)


@pytest.mark.parametrize("seed", range(_KILLS))
def test_a_training_killed_at_a_random_moment_is_recovered(training_home, seed):
    job = trainings.start(training_config("quick", data="digits", epochs=1))
    time.sleep(random.Random(seed).uniform(0, _TRAINING))  # any moment
    if pid := trainer_pid():
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: trainings.current() is None)
    written = job.progress()
    trainings.recover()
    progress = trainings.progress_of(job)
    assert progress == job.progress()
    assert not list_runs().damaged
    if written.state in ("publishing", "finished"):
        assert progress.state == "finished"
        assert "Kept, not activated: trained on the bundled digits" in progress.message
        assert open_run(job.name).predictions() is not None
        assert read_active().run == SHIPPED
    else:
        assert progress.state == "failed"
        assert "trainer was killed" in progress.message
        assert read_active().run == SHIPPED
    assert [path.name for path in paths.home().rglob(".*") if path.suffix != ".lock"] == []
