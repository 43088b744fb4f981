"""A background task for tests: `python -m tests.jobs.fake_task FILE MODE LIMIT`.

It records its start, its end and its process in the file `journal` beside FILE.
"""

import os
import signal
import sys
import time
from pathlib import Path

from digit_core.jobs.background_task import BackgroundTask
from digit_core.jobs.task_queue import Ticket
from digit_core.jobs.task_runner import Report, run_task
from digit_core.storage.machine import this_machine
from tests.waiting import wait_for


def fake_task(path: Path, mode: str = "quick", limit: float = 60) -> BackgroundTask:
    """`mode`: `quick`; `hold`, until FILE.go is there; `stubborn`, as `hold`, but ignoring SIGTERM."""
    command = (sys.executable, "-m", "tests.jobs.fake_task", str(path), mode, str(limit))
    return BackgroundTask(path, "test", command, limit)


def put_in_queue(task: BackgroundTask) -> BackgroundTask:
    """Put a task into the queue as one that has been started, for `run_task` in a test's process; returns it."""
    here = {"started": time.time(), "process": os.getpid(), "machine": this_machine()}
    with task.queue.locked():
        task.queue.add(Ticket(path=task.path, log=task.log_path, command=task.command, **here))
    return task


def journal(folder: Path) -> list[list[str]]:
    """For each line the event, the task's name, its process and its niceness."""
    path = folder / "journal"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def _note(path: Path, event: str) -> None:
    with (path.parent / "journal").open("a") as file:
        file.write(f"{event} {path.name} {os.getpid()} {os.getpriority(os.PRIO_PROCESS, 0)}\n")


def _work(task: BackgroundTask, mode: str, report: Report) -> None:
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    task.partial_path.write_bytes(b"half")
    _note(task.path, "begin")
    report("Half of it", 0.5)
    if mode != "quick":
        wait_for(task.path.with_name(f"{task.path.name}.go").exists)
    else:
        time.sleep(0.02)  # so that two at once would be noticed
    _note(task.path, "end")
    task.partial_path.replace(task.path)


if __name__ == "__main__":
    the_task = fake_task(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
    run_task(the_task, lambda report: _work(the_task, sys.argv[2], report))
