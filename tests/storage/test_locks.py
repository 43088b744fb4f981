"""Whether a lock is held, with the locks of POSIX and as Windows sees it."""

import subprocess
import sys

import pytest
from filelock import FileLock

from digit_core.storage import locks, paths

_HOLD = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["this platform", "windows"])
def platform(request, monkeypatch) -> None:
    if request.param == "windows":
        monkeypatch.setattr(locks, "fcntl", None)


@pytest.mark.usefixtures("platform")
def test_a_lock_is_held_until_its_process_ends(tmp_path):
    path = tmp_path / "lock"
    assert not locks.is_held(path)
    command = [sys.executable, "-c", _HOLD, str(path)]
    process = subprocess.Popen(command, cwd=paths.PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    assert locks.is_held(path)
    process.kill()
    process.communicate()
    assert not locks.is_held(path)


@pytest.mark.usefixtures("platform")
def test_looking_at_a_lock_does_not_keep_it(tmp_path):
    path = tmp_path / "lock"
    path.touch()
    assert not locks.is_held(path)
    with FileLock(path, timeout=0):
        assert locks.is_held(path)


@pytest.mark.usefixtures("platform")
def test_a_lock_that_cannot_be_opened_counts_as_free(tmp_path):
    (tmp_path / "file").touch()
    assert not locks.is_held(tmp_path / "file" / "lock")
