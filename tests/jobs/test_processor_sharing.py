import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from digit_core.jobs import processor_sharing
from digit_core.jobs.processor_sharing import ProcessorSharing, is_drawn, note_drawing, run_on
from digit_core.storage import paths


class Machine:
    """A clock, whether somebody draws, and what the training was told to run on."""

    def __init__(self):
        self.now, self.drawn, self.runs_on, self.niceness = 0.0, False, [], []

    def sharing(self, processors):
        return ProcessorSharing(
            lambda: self.drawn, self.runs_on.append, self.niceness.append, lambda: self.now, processors
        )


@pytest.fixture
def machine():
    return Machine()


def test_a_training_leaves_one_processor_while_somebody_draws_and_takes_it_back(machine):
    sharing = machine.sharing({0, 1, 2})
    for machine.now, machine.drawn in ((0, False), (1, True), (2, True), (3, False)):
        sharing.update()
    assert machine.runs_on == [[1, 2], [0, 1, 2]]
    assert machine.niceness == [10, 0]


def test_the_only_processor_is_kept_with_a_low_priority(machine):
    machine.drawn = True
    machine.sharing({0}).update()
    assert machine.runs_on == []
    assert machine.niceness == [10]


def test_a_training_that_ends_while_somebody_draws_takes_the_processor_back(machine):
    machine.drawn = True
    sharing = machine.sharing({0, 1})
    sharing.update()
    sharing.end()
    sharing.end()
    assert machine.runs_on == [[1], [0, 1]]


def test_the_file_is_looked_at_twice_a_second_and_not_every_batch(machine):
    looked = []
    sharing = ProcessorSharing(lambda: looked.append(1), machine.runs_on.append, print, lambda: machine.now, {0, 1})
    for batch in range(100):
        machine.now = batch / 100
        sharing.update()
    assert len(looked) == 2


def test_what_the_app_notes_the_trainer_sees_for_ten_seconds(own_home, monkeypatch):
    monkeypatch.setattr(processor_sharing, "_touched", -100.0)
    assert not is_drawn()
    note_drawing()
    assert is_drawn()
    long_ago = paths.drawing_signal().stat().st_mtime - 11
    os.utime(paths.drawing_signal(), (long_ago, long_ago))
    assert not is_drawn()


def test_a_home_that_cannot_be_written_does_not_disturb_drawing(own_home, monkeypatch):
    monkeypatch.setattr(processor_sharing, "_touched", -100.0)
    own_home.write_text("a file where the folder should be")
    note_drawing()
    assert not is_drawn()


_PRIORITY = """
from pathlib import Path
from digit_core.jobs.processor_sharing import set_session_niceness
set_session_niceness(10)
print(Path("/proc/self/autogroup").read_text().split()[-1])
"""


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this system does not schedule by session")
def test_a_session_of_its_own_gives_way_to_others():
    command = [sys.executable, "-c", _PRIORITY]
    printed = subprocess.run(command, cwd=paths.PROJECT, start_new_session=True, capture_output=True, text=True)
    assert printed.stdout.strip() == "10", printed.stderr


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux binds threads to processors")
def test_all_threads_of_the_process_are_moved():
    every, ends = os.sched_getaffinity(0), threading.Event()
    other = threading.Thread(target=ends.wait)
    other.start()
    try:
        run_on({min(every)})
        assert os.sched_getaffinity(0) == os.sched_getaffinity(other.native_id) == {min(every)}
    finally:
        run_on(every)
        ends.set()
        other.join()
