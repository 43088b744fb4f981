"""The app killed at a random moment while it publishes, activates, deletes, names runs and queues tasks."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from digit_core.jobs.recovery import recover
from digit_core.jobs.task_queue import TaskQueue
from digit_core.runs.active_run import read_active
from digit_core.runs.notes import note_of
from digit_core.runs.run import list_runs
from digit_core.storage import paths
from tests.kills.checks import problems_after_start, problems_before_start
from tests.waiting import wait_for

_LONGEST = 1.0  # seconds of work


@dataclass
class _Said:
    """What the app said it has done: runs and their notes, the active one, and what it was doing at the end."""

    runs: set[str]
    notes: dict[str, str]
    active: str
    doing: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        event, *words = line.split(" ")
        if event == "begin":
            self.doing = words
        elif event == "done":
            self._finish(*words)
            self.doing = []

    def _finish(self, action: str, run: str, detail: str = "") -> None:
        if action == "publish":
            self.runs.add(run)
            self.active = detail
        elif action == "activate":
            self.active = run
        elif action == "delete":
            self.runs.discard(run)
            self.notes.pop(run, None)
        elif action == "note":
            self.notes[run] = detail


def kill_app(seed: int) -> tuple[str, list[str]]:
    """Kill it and start anew. Returns what it was doing and the problems."""
    said = _Said({run.name for run in list_runs().runs}, {}, read_active().run)
    said.notes = {name: title for name in said.runs if (title := note_of(name).title)}
    command = [sys.executable, "-m", "tests.kills.busy_app", str(seed)]
    app = subprocess.Popen(command, cwd=paths.PROJECT, stdout=subprocess.PIPE, text=True)
    if app.stdout.readline() != "ready\n":
        return "not started", ["the app did not start"]
    lines: list[str] = []
    reading = threading.Thread(target=lambda: lines.extend(app.stdout))
    reading.start()
    time.sleep(random.Random(seed).uniform(0, _LONGEST))  # any moment
    app.kill()
    app.wait()
    reading.join()
    for line in lines:
        if line.endswith("\n"):  # else it was killed while it wrote that
            said.add(line.rstrip("\n"))
    problems = list(problems_before_start())
    recover()
    queue = TaskQueue()
    wait_for(lambda: not queue.start_next() and not queue.tickets() and not queue.is_busy())
    recover()
    return said.doing[0] if said.doing else "between two", [*problems, *problems_after_start(), *_lost(said)]


def _lost(said: _Said) -> Iterator[str]:
    """What the app had done, and is not there."""
    action, run, *_ = [*said.doing, "", ""]
    runs = {each.name for each in list_runs().runs}
    if action == "publish":
        said.runs.add(run)  # it was complete
    optional = {run} if action in ("delete", "request") else set()
    if changed := (said.runs ^ runs) - optional:
        yield f"runs lost or too many: {changed}"
    if read_active().run not in {said.active, *([run] if action in ("activate", "request", "publish") else [])}:
        yield f"active: {read_active().run}, not {said.active}"
    if read_active().run not in runs:
        yield f"the active run {read_active().run} is gone"
    for name in runs:
        wanted = {said.notes.get(name, "")} | ({said.doing[2]} if action == "note" and run == name else set())
        if note_of(name).title not in wanted:
            yield f"note of {name}: {note_of(name).title!r}, not {wanted}"
    for folder in (paths.exports_folder(), paths.notes_folder()):
        for path in folder.glob("*"):
            if path.name.removesuffix(".json") not in runs:
                yield f"left of a deleted run: {path.relative_to(paths.home())}"
