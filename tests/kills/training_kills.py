"""Trainings killed at random moments of their trainer's processor time, which a busy machine does not stretch."""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from digit_core.jobs import trainings
from digit_core.jobs.processes import is_alive
from digit_core.jobs.recovery import progress_of
from digit_core.runs.active_run import read_active
from digit_core.runs.config import training_config
from digit_core.runs.run import list_runs, open_run
from tests.kills.checks import problems_after_start, problems_before_start
from tests.trainers import trainer_pid
from tests.waiting import wait_for

CONFIG = training_config("tiny", data="digits", epochs=3)


class TrainingKills:
    """Kills trainings in this home, one after the other."""

    def __init__(self) -> None:
        self._whole: float | None = None  # processor seconds of a whole training, figures included

    def kill(self, seed: int) -> tuple[str, list[str]]:
        """Kill a training and start anew. Returns its last state and the problems."""
        if self._whole is None:
            self._whole = self._seconds_of_a_whole_one()
        runs, active = {run.name for run in list_runs().runs}, read_active().run
        job = trainings.start(CONFIG)
        process = trainer_pid() or job.progress().process
        _follow(process, random.Random(seed).uniform(0, self._whole))
        if is_alive(process):
            os.kill(process, signal.SIGKILL)
        wait_for(lambda: not is_alive(process) and trainings.current() is None)
        killed, problems = job.progress(), list(problems_before_start())
        trainings.recover()
        problems += problems_after_start()
        state = "drawing figures" if killed.state == "finished" else killed.state
        return state, [*problems, *_lost(job, killed.state, runs, active)]

    def _seconds_of_a_whole_one(self) -> float:
        job = trainings.start(CONFIG)
        process = trainer_pid() or job.progress().process
        return _follow(process, float("inf"))


def _follow(process: int, seconds: float) -> float:
    """Wait until a process has used as much processor time, or has ended; returns how much it has used."""
    used = 0.0
    while used < seconds and is_alive(process):
        used = _used(process) or used
        time.sleep(0.005)
    return used


def _used(process: int) -> float | None:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _lost(job: trainings.Job, killed: str, before: set[str], active: str) -> Iterator[str]:
    """What a training had done, or found, and is not there."""
    progress, runs = progress_of(job), {run.name for run in list_runs().runs}
    is_complete = killed in ("publishing", "finished")
    if progress is None or progress.state != ("finished" if is_complete else "failed"):
        yield f"killed {killed}, then {progress and progress.state}"
    if runs != before | ({job.name} if is_complete else set()):
        yield f"runs: {sorted(runs ^ before)} after {killed}"
    if is_complete:
        open_run(job.name).history()
        if job.folder.exists():
            yield "in two places"
    elif read_active().run != active:
        yield f"active: {read_active().run}, not {active}"
    elif progress and not progress.message:
        yield "no reason given"
