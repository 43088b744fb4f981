"""Kill a trainer between a complete run and "finished", or the recovery after it, at every line that it runs.

`python -m tests.training.killing trainer FOLDER [STEP]`, or `recovery` for `trainer`, prints a JSON
object: the number of lines and of kills, how often each outcome was found, and what was wrong.
It is a process of its own, since it forks, which TensorFlow's threads would not survive.

Between two lines that leave the same files behind a kill makes no difference. So one kill for
each state of the disk is enough, at the first and at the last line that sees it; with a STEP every
STEPth line is one too.
"""

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import types
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from digit_core.jobs import trainings
from digit_core.jobs.training_job import Request
from digit_core.runs.active_run import read_active
from digit_core.runs.checkpoints import CHECKPOINT, delete_checkpoint
from digit_core.runs.publishing import complete
from digit_core.runs.run import SHIPPED, list_runs, open_run
from digit_core.runs.schemas import Progress
from digit_core.storage import paths

NAME = "20260101-120000-quick"
_READERS = ("numpy", "zipfile", "scipy")  # libraries that only read here: thousands of lines without a change
_SETTINGS = json.loads((paths.SHIPPED_RUN / "config.json").read_text())["config"]


class _Lines:
    """Counts the lines that are run; `killed_at`: after how many the process kills itself."""

    def __init__(self, killed_at: int | None = None):
        self.count, self.killed_at = 0, killed_at
        self.states: list[int] = []

    def begin(self) -> None:
        """Count from here on, also in the functions that called this one."""
        sys.settrace(self._trace)
        frame = sys._getframe(1)
        while frame:
            frame.f_trace = self._trace
            frame = frame.f_back

    def _trace(self, frame, event, _argument):
        if event == "call" and any(name in frame.f_code.co_filename for name in _READERS):
            return None
        if event == "line":
            self.count += 1
            if self.count == self.killed_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if self.killed_at is None:
                sys.settrace(None)
                self.states.append(_disk())
                sys.settrace(self._trace)
        return self._trace


def _disk() -> int:
    """A number that changes with every name, size and inode in the home."""
    found = []
    for parent, folders, files in os.walk(paths.home()):
        for name in (*folders, *files):
            stat = os.lstat(f"{parent}/{name}")
            found.append((parent, name, stat.st_ino, stat.st_size if name in files else 0))
    return hash(tuple(sorted(found)))


def _stub(lines: _Lines):
    """A stub of the module `digit_core.training.fit`."""

    def train(config, folder, report, **_):
        report(Progress(state="evaluating", epochs=5))
        shipped = open_run(SHIPPED)
        shutil.copytree(paths.SHIPPED_RUN, folder, dirs_exist_ok=True)
        (folder / "config.json").unlink()
        (folder / CHECKPOINT).mkdir()
        (folder / CHECKPOINT / "training_metadata.json").write_text('{"epoch": 36}')
        environment = shipped.environment
        lines.begin()
        complete(folder, config, environment)
        report(Progress(state="publishing", message="Publishing the run", epochs=5))
        delete_checkpoint(folder)

    module = types.ModuleType("digit_core.training.fit")
    module.train = train
    return module


def _train(job: trainings.Job, lines: _Lines) -> None:
    """What the trainer does, without TensorFlow; counted from when all but `config.json` is written."""
    sys.modules.update({"digit_core.training.fit": _stub(lines)})
    from digit_core.training import worker

    worker.lower_priority = lambda: None
    worker._train(job)


def _recover(job: trainings.Job, lines: _Lines) -> None:
    """What the app does after a trainer was killed just before the move."""
    shutil.copytree(paths.SHIPPED_RUN, job.folder, dirs_exist_ok=True)
    job.write_progress(Progress(state="publishing", epochs=5))
    lines.begin()
    trainings.recover()


_WORK = {"trainer": _train, "recovery": _recover}


def _prepare(folder: Path) -> trainings.Job:
    os.environ["DIGITS_HOME"] = str(folder)
    job = trainings.Job(paths.working_folder() / NAME)
    job.folder.mkdir(parents=True)
    job.write_request(Request(config=_SETTINGS, command="a test"))
    return job


def _work(work: str, job: trainings.Job, lines: _Lines) -> None:
    with contextlib.redirect_stdout(sys.stderr):
        _WORK[work](job, lines)
        sys.settrace(None)


def _states(work: str, root: Path) -> list[int]:
    """What the disk looked like at each line, in a process like those that are killed."""
    job, file = _prepare(root / "whole"), root / "states.json"
    child = os.fork()
    if not child:
        lines = _Lines()
        _work(work, job, lines)
        file.write_text(json.dumps(lines.states))
        os._exit(0)
    os.waitpid(child, 0)
    return json.loads(file.read_text())


def kill_at(work: str, root: Path, line: int) -> tuple[str, list[str]]:
    """Kill a process at that line and recover. Returns the states and the problems."""
    job = _prepare(root / str(line))
    child = os.fork()
    if not child:
        _work(work, job, _Lines(line))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    killed = trainings.latest().progress().state if os.WIFSIGNALED(status) else "not killed"
    reported = trainings.progress_of(trainings.latest()).state
    trainings.recover()
    progress = trainings.latest().progress()
    wrong = list(_wrong(job, killed))
    shutil.rmtree(paths.home())
    return f"killed {killed}, reported {reported}, recovered {progress.state}", wrong


def _wrong(job: trainings.Job, killed: str) -> Iterator[str]:
    """The problems after a recovery."""
    progress = trainings.latest().progress()
    if progress != trainings.progress_of(trainings.latest()) or progress.state not in ("finished", "failed"):
        yield f"still {progress.state}"
    if damaged := list_runs().damaged:
        yield f"damaged: {damaged}"
    if progress.state == "finished":
        open_run(NAME).predictions()
        if read_active().run != NAME or not progress.activated:
            yield f"not active: {progress.message}"
        if job.folder.exists():
            yield "in two places"
    elif killed != "evaluating" or trainings.resumable(job) != 36:
        yield f"lost after {killed}: {progress.message}"
    open_run(read_active().run).model_bytes()
    if left := [path.name for path in paths.home().rglob(".*") if path.suffix != ".lock"]:
        yield f"left behind: {left}"


def main() -> None:
    """Kill a process at each point and print the outcomes."""
    work, root = sys.argv[1], Path(sys.argv[2])
    tempfile.tempdir = str(root)
    os.fsync = lambda _: None  # a kill loses nothing that was written; only a power cut does
    _work(work, _prepare(root / "first"), _Lines())  # imports and caches for all forks
    states = _states(work, root)
    ends = [i for i in range(1, len(states)) if states[i] != states[i - 1]]
    points = {1, len(states), *ends, *(i + 1 for i in ends)}
    if step := sys.argv[3:]:
        points.update(range(1, len(states) + 1, int(step[0])))
    outcomes, wrong = Counter(), {}
    for line in sorted(points):
        outcome, problems = kill_at(work, root, line)
        outcomes[outcome] += 1
        if problems:
            wrong[line] = problems
    print(json.dumps({"lines": len(states), "kills": len(points), "outcomes": outcomes, "wrong": wrong}))


if __name__ == "__main__":
    main()
