"""The machine's lock and its owner, as other processes see them."""

import os
import stat

import pytest

from digit_core.jobs import machine_lock, trainings
from digit_core.storage import paths
from digit_core.storage.locks import fcntl, is_held

FOLDER = paths.PROJECT / "working" / "20260101-120000-quick"


def test_a_training_is_current_while_its_lock_is_held():
    assert trainings.current() is None
    with machine_lock.machine_lock():
        machine_lock.write_owner(FOLDER)
        assert trainings.current() == trainings.Job(FOLDER)
    assert trainings.current() is None


@pytest.mark.skipif(fcntl is None, reason="looks with a shared lock of POSIX; run it on Linux or macOS")
def test_processes_that_only_look_at_the_lock_are_not_taken_for_a_trainer():
    with machine_lock.machine_lock():
        machine_lock.write_owner(FOLDER)  # a training that has ended since
    with paths.machine_lock().open("rb") as another:  # in the middle of its look
        fcntl.flock(another, fcntl.LOCK_SH)
        assert trainings.current() is None
        with pytest.raises(BlockingIOError), paths.machine_lock().open("rb") as trainer:
            fcntl.flock(trainer, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the look does hold the lock


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions; run it on Linux or macOS")
def test_another_user_of_the_machine_can_own_the_lock(monkeypatch):
    before = os.umask(0o077)
    try:
        with machine_lock.machine_lock():
            machine_lock.write_owner(FOLDER)
    finally:
        os.umask(before)
    (only,) = paths.machine_lock().parent.iterdir()  # a second file of one user could not be replaced by another
    assert stat.S_IMODE(only.stat().st_mode) == 0o666
    with machine_lock.machine_lock():
        machine_lock.write_owner(FOLDER.with_name("another"))
        assert trainings.current().name == "another"
    assert only.samefile(paths.machine_lock())


@pytest.mark.parametrize("record", [b"", b"{", b" []", b' {"folder": 5, "process": 1}', b" \xff", b' {"process": 1}'])
def test_a_record_that_is_empty_or_torn_names_no_training(record):
    with machine_lock.machine_lock():
        paths.machine_lock().write_bytes(record)
        assert trainings.current() is None
        assert is_held(paths.machine_lock())


def test_a_shorter_record_replaces_a_longer_one():
    with machine_lock.machine_lock():
        machine_lock.write_owner(FOLDER / ("long" * 200))
        machine_lock.write_owner(FOLDER)
        assert trainings.current() == trainings.Job(FOLDER)
