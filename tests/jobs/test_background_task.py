"""One task at a time, in the order of the requests, whatever is killed in between."""

import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from digit_core.errors import DigitError, StorageError, TaskFailed
from digit_core.jobs import processes, task_queue, task_runner
from digit_core.jobs.background_task import BackgroundTask, TaskStatus
from digit_core.jobs.recovery import recover
from digit_core.jobs.task_queue import TaskQueue
from digit_core.jobs.task_runner import run_task
from digit_core.storage import paths
from tests.jobs.fake_task import fake_task, journal, put_in_queue
from tests.processes import is_gone, linux, processes_with
from tests.waiting import wait_for

_REQUEST = """
import sys
from pathlib import Path
from tests.jobs.fake_task import fake_task
for path in sys.argv[1:]:
    fake_task(Path(path)).start()
print("requested", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "results"
    folder.mkdir()
    return folder


@pytest.fixture
def keep_priority(monkeypatch) -> None:
    """For work in this process."""
    monkeypatch.setattr(task_runner, "lower_priority", lambda: None)


def running(task: BackgroundTask) -> TaskStatus | None:
    """Its status once it has reported a fraction."""
    status = task.watch()
    return status if status and status.state == "running" and status.fraction else None


def let_finish(task: BackgroundTask) -> None:
    task.path.with_name(f"{task.path.name}.go").touch()


def is_done(task: BackgroundTask) -> bool:
    return task.status() is None and task.path.exists()


def requesting_process(*results: Path) -> subprocess.Popen:
    """A process that starts these tasks and keeps running, as the app does."""
    return subprocess.Popen(
        [sys.executable, "-c", _REQUEST, *map(str, results)],
        cwd=paths.PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_task_reports_its_status_and_leaves_its_result(folder):
    task = fake_task(folder / "a", "hold")
    assert task.status() is None
    assert task.start()
    assert task.status().is_active
    status = wait_for(lambda: running(task))
    assert (status.message, status.fraction) == ("Half of it", 0.5)
    let_finish(task)
    wait_for(lambda: is_done(task))
    assert not task.partial_path.exists()
    assert task.queue.tickets() == []


@linux
def test_28_requests_by_threads_and_processes_run_one_at_a_time_in_order(folder):
    first = fake_task(folder / "first", "hold")
    first.start()
    wait_for(lambda: running(first))
    tasks = [fake_task(folder / f"{number:02}") for number in range(12)]
    others = [requesting_process(*(task.path for task in tasks[start::3])) for start in range(3)]
    with ThreadPoolExecutor(16) as pool:
        started = list(pool.map(lambda number: tasks[number % 12].start(), range(16)))
    for other in others:
        assert other.stdout.readline() == "requested\n"
    assert sum(started) <= 12
    order = [ticket.path.name for ticket in first.queue.tickets()]
    assert sorted(order) == [task.path.name for task in tasks]
    assert tasks[int(order[0])].status().message == "In the queue, 1 ahead"
    assert tasks[int(order[-1])].status().message == "In the queue, 12 ahead"
    assert processes_with("fake_task", str(folder)) == 1 + len(others)  # the requesting processes, and the running task
    let_finish(first)
    most = [0]

    def all_done() -> bool:
        most.append(processes_with("fake_task", str(folder)) - len(others))
        return all(map(is_done, tasks))

    wait_for(all_done)
    assert max(most) <= 4  # one ends while the next starts, and a fork counts twice until it has become another program
    events = journal(folder)
    assert [name for event, name, *_ in events if event == "begin"] == ["first", *order]
    assert [event for event, *_ in events] == ["begin", "end"] * 13
    assert {niceness for *_, niceness in events} == {str(max(10, os.getpriority(os.PRIO_PROCESS, 0)))}
    for other in others:
        other.communicate("")


def test_a_repeated_request_joins_the_first(folder):
    task = fake_task(folder / "a", "hold")
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: task.start(), range(20))) == 1
    wait_for(lambda: running(task))
    assert not task.start()
    let_finish(task)
    wait_for(lambda: is_done(task))
    assert len(journal(folder)) == 2


def test_a_killed_process_is_a_failure_and_the_queue_goes_on(folder):
    killed, following = fake_task(folder / "killed", "hold"), fake_task(folder / "following")
    for task in (killed, following):
        task.start()
    os.kill(wait_for(lambda: running(killed)).process, signal.SIGKILL)
    assert wait_for(lambda: killed.status().state == "failed")
    assert killed.status().message == "The test was stopped before it was done. Try again."
    following.watch()
    wait_for(lambda: is_done(following))
    assert killed.start()
    wait_for(lambda: running(killed))
    let_finish(killed)
    wait_for(lambda: is_done(killed))


def test_the_queue_continues_after_the_app_is_killed(folder):
    results = [folder / f"{number}" for number in range(8)]
    app = requesting_process(*results)
    assert app.stdout.readline() == "requested\n"
    app.kill()
    app.communicate()
    wait_for(lambda: all(path.exists() for path in results))
    assert [name for event, name, *_ in journal(folder) if event == "begin"] == [path.name for path in results]


def test_a_task_that_was_started_twice_is_done_once(folder):
    # The app was killed after it had started the process, and before it wrote that down.
    task = fake_task(folder / "a", "hold")
    task.start()
    wait_for(lambda: running(task))
    second = subprocess.Popen(task.command, cwd=paths.PROJECT, stderr=subprocess.PIPE, text=True)
    let_finish(task)
    _, errors = second.communicate(timeout=300)
    assert "it was cancelled, or is done already" in errors
    assert [event for event, *_ in journal(folder)] == ["begin", "end"]
    assert is_done(task)


def test_a_new_request_restarts_a_queue_whose_running_task_was_killed(folder):
    killed, waiting = fake_task(folder / "killed", "hold"), fake_task(folder / "waiting")
    killed.start()
    process = wait_for(lambda: running(killed)).process
    waiting.start()
    os.kill(process, signal.SIGKILL)
    wait_for(lambda: not killed.is_active())
    assert waiting.status().state == "waiting"
    newest = fake_task(folder / "newest")
    newest.start()
    wait_for(lambda: is_done(newest))
    assert is_done(waiting)


def test_a_queue_that_a_kill_stopped_continues_when_the_app_starts(folder):
    killed, waiting = fake_task(folder / "killed", "hold"), fake_task(folder / "waiting")
    killed.start()
    process = wait_for(lambda: running(killed)).process
    waiting.start()
    os.kill(process, signal.SIGKILL)
    wait_for(lambda: not killed.is_active())
    recover()
    wait_for(lambda: is_done(waiting))


def test_a_waiting_task_can_be_cancelled_and_never_starts(folder):
    first, second, third = (fake_task(folder / name, "hold") for name in ("first", "second", "third"))
    for task in (first, second, third):
        task.start()
    wait_for(lambda: running(first))
    second.cancel()
    assert second.status().state == "cancelled"
    assert third.status().message == "In the queue, 1 ahead"
    third.cancel()
    let_finish(first)
    wait_for(lambda: is_done(first))
    assert [name for event, name, *_ in journal(folder) if event == "begin"] == ["first"]
    assert second.start()  # it can be requested again
    wait_for(lambda: running(second))
    second.cancel()


@pytest.mark.parametrize("mode", ["hold", "stubborn"])
def test_a_running_task_ends_when_cancelled_even_if_it_ignores_sigterm(folder, monkeypatch, mode):
    monkeypatch.setattr(processes, "_TERMINATION_SECONDS", 0.3)
    current, following = fake_task(folder / "current", mode), fake_task(folder / "following")
    for task in (current, following):
        task.start()
    process = wait_for(lambda: running(current)).process
    assert current.partial_path.exists()
    current.cancel()
    assert current.status().state == "cancelled"
    assert is_gone(process)
    assert not current.partial_path.exists()
    wait_for(lambda: is_done(following))
    assert not current.path.exists()


def test_a_task_can_be_cancelled_while_its_process_starts(folder):
    task = fake_task(folder / "a")
    task.start()
    process = task.queue.tickets()[0].process
    task.cancel()
    assert task.status().state == "cancelled"
    assert wait_for(lambda: is_gone(process))
    assert not task.path.exists()
    assert task.queue.tickets() == []


def test_cancelling_a_finished_or_unknown_task_changes_nothing(folder):
    task = fake_task(folder / "a")
    task.cancel()
    assert task.status() is None
    task.start()
    wait_for(lambda: is_done(task))
    task.cancel()
    assert is_done(task)


def test_a_process_that_cannot_start_is_reported_and_does_not_block_the_queue(folder):
    command = (sys.executable, "-c", "import there_is_no_such_module")
    broken, following = BackgroundTask(folder / "broken", "test", command), fake_task(folder / "following")
    broken.start()
    wait_for(lambda: not broken.is_active())  # although nothing has called `watch`, which removes it from the queue
    following.start()
    wait_for(lambda: is_done(following))
    assert broken.status().state == "failed"
    assert broken.status().message == (
        "The test could not be started. ModuleNotFoundError: No module named 'there_is_no_such_module'"
    )


def test_a_log_that_cannot_be_written_does_not_block_the_queue(folder):
    broken, following = fake_task(folder / "broken"), fake_task(folder / "following")
    first = fake_task(folder / "first", "hold")
    for task in (first, broken, following):
        task.start()
    broken.log_path.mkdir()
    wait_for(lambda: running(first))
    let_finish(first)
    wait_for(lambda: is_done(following))
    assert broken.status().message.startswith("The test could not be started.")


def test_a_task_over_its_time_limit_is_stopped_and_the_next_one_starts(folder):
    hanging, following = fake_task(folder / "hanging", "hold", limit=0.6), fake_task(folder / "following")
    for task in (hanging, following):
        task.start()
    process = wait_for(lambda: running(hanging)).process
    wait_for(lambda: is_done(following))
    assert hanging.status().state == "failed"
    assert hanging.status().message == "The test took longer than 0.01 minutes and was stopped. Try again later."
    assert wait_for(lambda: is_gone(process))
    assert not hanging.partial_path.exists()


def failing(error: BaseException):
    def work(report):
        raise error

    return work


@pytest.mark.usefixtures("keep_priority")
@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (DigitError("The image is upside down."), DigitError, "The image is upside down."),
        (OSError(errno.ENOSPC, "full"), StorageError, "a could not be written: the disk is full. Free some space"),
        (MemoryError(), TaskFailed, "There was not enough memory for the test. Close other programs and try again."),
        (ZeroDivisionError("by 0"), ZeroDivisionError, "An unexpected error: ZeroDivisionError('by 0')."),
    ],
)
def test_a_failure_is_reported_until_the_task_is_requested_again(folder, error, raised, message):
    task = put_in_queue(fake_task(folder / "a"))
    with pytest.raises(raised):
        run_task(task, failing(error))
    assert task.status().state == "failed"
    assert message in task.status().message
    assert not task.queue.is_busy()
    assert task.start()
    wait_for(lambda: is_done(task))


@pytest.mark.usefixtures("keep_priority")
def test_the_result_is_returned_and_the_status_is_not_written_at_every_step(folder):
    task, written = put_in_queue(fake_task(folder / "a")), []

    def work(report):
        for step in range(1000):
            report("Counting", step / 1000)
            written.append(task.status().updated)
        report("Checking")
        assert task.status().message == "Checking"
        return 7

    assert run_task(task, work) == 7
    assert task.status() is None
    assert len(set(written)) < 100


def test_status_changes_no_file(folder):
    waiting = fake_task(folder / "a", "hold")
    waiting.start()
    wait_for(lambda: running(waiting))
    os.kill(waiting.status().process, signal.SIGKILL)
    wait_for(lambda: not waiting.queue.is_busy())
    before = {path: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()}
    assert waiting.status().state == "failed"
    assert {path: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()} == before


def test_a_full_queue_refuses_a_task(folder):
    queue = TaskQueue(limit=2)
    first, *others = (fake_task(folder / name, "hold") for name in "abc")
    first.start()
    wait_for(lambda: running(first))
    for task in others:
        task.start()
    refused = BackgroundTask(folder / "d", "test", first.command, queue=queue)
    with pytest.raises(TaskFailed, match="2 tasks are in the queue already"):
        refused.start()
    assert refused.status() is None
    for task in (*others, first):
        task.cancel()


def test_a_folder_that_cannot_be_written_is_reported(folder):
    paths.home().write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="could not be written: part of the path is a file"):
        fake_task(folder / "a").start()


def test_a_full_disk_is_reported_and_nothing_is_queued(folder, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    task = fake_task(folder / "a")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="the disk is full"):
        task.start()
    assert task.watch() is None
    monkeypatch.undo()
    assert task.queue.tickets() == []


def test_a_damaged_queue_or_status_counts_as_empty(folder):
    task = fake_task(folder / "a")
    task.start()
    wait_for(lambda: is_done(task))
    (task.queue.folder / "queue.json").write_text("{")
    (folder / "a.progress.json").write_text("[]")
    assert task.status() is None
    assert task.start()
    wait_for(lambda: is_done(task))


def test_a_slow_start_is_waited_for_but_not_for_ever(folder, monkeypatch):
    sleeping = (sys.executable, "-c", "import signal; signal.pause()")
    lost, following = BackgroundTask(folder / "lost", "test", sleeping), fake_task(folder / "following")
    for task in (lost, following):
        task.start()
    lost.watch()
    assert lost.status().message == "Starting"
    assert following.status().state == "waiting"
    process = lost.queue.tickets()[0].process
    monkeypatch.setattr(task_queue, "_STARTING_SECONDS", 0)
    following.watch()
    monkeypatch.undo()
    assert lost.status().state == "failed"
    wait_for(lambda: is_done(following))
    os.kill(process, signal.SIGKILL)


def test_a_task_of_another_machine_is_cancelled_when_it_next_reports_and_no_process_here_is_ended(
    folder, keep_priority, monkeypatch
):
    task = put_in_queue(fake_task(folder / "a"))
    ended = []
    monkeypatch.setattr("digit_core.jobs.background_task.end_process", lambda *_: ended.append(True))

    def work(report):
        report("Half of it", 0.5)
        task.write_status(task.status().model_copy(update={"machine": "another-machine"}))
        task.cancel()
        assert task.status().message == "Cancelling"
        report("The rest", 0.9)

    with pytest.raises(TaskFailed, match="was cancelled"):
        run_task(task, work)
    assert (task.status().state, task.status().cancel, ended) == ("cancelled", False, [])


def test_a_task_that_another_machine_has_just_started_stays_in_the_queue(folder):
    queue = TaskQueue()
    ticket = task_queue.Ticket(
        path=folder / "a", log=folder / "log", command=("no-such-command",), started=time.time(), machine="elsewhere"
    )
    with queue.locked():
        queue.add(ticket)
        queue.start_next_locked()
    assert queue.tickets() == [ticket]
