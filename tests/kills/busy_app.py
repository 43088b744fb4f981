"""What the app does to its files, at random and without end, to be killed: `python -m tests.kills.busy_app SEED`.

It prints a line before and after each action: `begin ACTION RUN DETAIL` and `done ACTION RUN DETAIL`.
"""

import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator

from digit_core.errors import DigitError
from digit_core.jobs import trainings
from digit_core.jobs.deletion import delete_run, why_not_deletable
from digit_core.jobs.recovery import home_lock, recover
from digit_core.jobs.training_job import Job, Request
from digit_core.runs.active_run import activate, read_active
from digit_core.runs.notes import write_note
from digit_core.runs.run import list_runs
from digit_core.runs.schemas import Progress
from digit_core.storage import paths
from tests.jobs.fake_task import fake_task

_FEWEST, _MOST = 4, 12  # runs
_FIRST = int(sys.argv[1]) % 999 * 1000 + 1000  # of each app others: two can start within a second
_names = (f"{time.strftime('%Y%m%d-%H%M%S')}-quick-no{_FIRST + number}" for number in range(1000))


def _say(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def _publish(rng: random.Random, runs: list[str]) -> None:
    """As the next start after a trainer was killed when its run was complete."""
    name = next(_names)
    job = Job(paths.working_folder() / name)
    with home_lock():
        shutil.copytree(paths.SHIPPED_RUN, job.folder)
        job.write_request(Request(activate=rng.random() < 0.5))
        _say("begin", "request", name)
        job.write_progress(Progress(state="publishing", epochs=3, active=read_active().run))
    _say("begin", "publish", name)
    recover()
    _say("done", "publish", name, read_active().run)


def _activate(rng: random.Random, runs: list[str]) -> None:
    name = rng.choice(runs)
    _say("begin", "activate", name)
    activate(name)
    _say("done", "activate", name)


def _delete(rng: random.Random, runs: list[str]) -> None:
    name = rng.choice(runs)
    if why_not_deletable(name) is None:
        _say("begin", "delete", name)
        delete_run(name)
        _say("done", "delete", name)


def _note(rng: random.Random, runs: list[str]) -> None:
    name, title = rng.choice(runs), str(rng.randrange(10**9))
    _say("begin", "note", name, title)
    write_note(name, title, "")
    _say("done", "note", name, title)


def _queue(rng: random.Random, runs: list[str]) -> None:
    task = fake_task(paths.robustness_folder() / f"task-{rng.randrange(3)}")
    _say("begin", "queue", task.path.name)
    task.start() if rng.random() < 0.7 else task.cancel()
    _say("done", "queue", task.path.name)


_ACTIONS = {_publish: 3, _activate: 3, _delete: 2, _note: 3, _queue: 1}


def _actions(rng: random.Random) -> Iterator[Callable]:
    while True:
        count = len(list_runs().runs)
        if count < _FEWEST:
            yield _publish
        elif count > _MOST:
            yield _delete
        else:
            yield rng.choices(list(_ACTIONS), list(_ACTIONS.values()))[0]


def main() -> None:
    """Work until the process is killed."""
    rng = random.Random(int(sys.argv[1]))
    trainings.recover()
    _say("ready")
    for action in _actions(rng):
        try:
            action(rng, [run.name for run in list_runs().runs])
        except DigitError as error:
            _say("refused", str(error))


if __name__ == "__main__":
    main()
