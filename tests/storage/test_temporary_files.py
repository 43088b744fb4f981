"""Temporary files: swept when their process is gone, left alone while it writes."""

import subprocess
import sys

import pytest

from digit_core.errors import StorageError
from digit_core.storage import paths, process_folder
from digit_core.storage.files import write_bytes, write_parts
from digit_core.storage.temporary_files import sweep_temporary_files
from tests.processes import linux

_WRITE = """
import sys
from pathlib import Path
from digit_core.storage.files import write_parts
def parts():
    yield b"half"
    print("writing", flush=True)
    sys.stdin.readline()
write_parts(Path(sys.argv[1]), parts())
"""


@linux
def test_what_a_living_process_writes_is_left_and_what_a_killed_one_wrote_is_swept(own_home):
    path = own_home / "data" / "large"
    command = [sys.executable, "-c", _WRITE, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    for is_killed in (False, True):
        with subprocess.Popen(command, cwd=paths.PROJECT, **pipes) as process:
            assert process.stdout.readline() == "writing\n"
            sweep_temporary_files(own_home)
            assert len(list(path.parent.glob(".large.*"))) == 1
            if is_killed:
                process.kill()
            else:
                process.communicate("\n")
    assert path.read_bytes() == b"half"
    assert len(list(path.parent.glob(".large.*"))) == 1
    sweep_temporary_files(own_home)
    assert [each.name for each in path.parent.iterdir()] == ["large"]


@linux
def test_a_file_swept_before_it_was_locked_is_created_again(own_home, monkeypatch):
    from digit_core.storage import temporary_files

    lock, swept = temporary_files._lock, []

    def sweep_first(handle):
        if not swept:
            swept.append(True)
            sweep_temporary_files(own_home)
        return lock(handle)

    monkeypatch.setattr(temporary_files, "_lock", sweep_first)
    write_bytes(own_home / "file", b"content")
    assert (own_home / "file").read_bytes() == b"content"
    assert [path.name for path in own_home.iterdir()] == ["file"]


def test_locks_and_other_hidden_files_are_no_leftovers(own_home):
    own_home.mkdir()
    names = {".active.lock", ".recovery.lock", ".gitignore", ".hidden"}
    for name in names:
        (own_home / name).touch()
    sweep_temporary_files(own_home)
    assert {path.name for path in own_home.iterdir()} == names


def test_a_write_that_fails_leaves_nothing(own_home):
    def parts():
        yield b"half"
        raise StorageError("no more")

    with pytest.raises(StorageError):
        write_parts(own_home / "file", parts())
    assert list(own_home.iterdir()) == []


_OWN_FOLDER = """
import sys, tempfile
from digit_core.storage import paths
from digit_core.storage.process_folder import use_own_folder
before = paths.machine_lock()
use_own_folder()
assert paths.machine_lock() == before
print(tempfile.mkstemp()[1], flush=True)
sys.stdin.readline()
"""


@linux
def test_the_folder_of_a_process_is_swept_when_the_process_is_gone(own_home):
    command = [sys.executable, "-c", _OWN_FOLDER]
    with subprocess.Popen(
        command, cwd=paths.PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        name = process.stdout.readline().strip()
        assert paths.temporary_folder() in paths.Path(name).parents
        process_folder.sweep_process_folders()
        assert paths.Path(name).exists()
        process.kill()
    process_folder.sweep_process_folders()
    assert list(paths.temporary_folder().iterdir()) == []


_CHILD_LOCK = "from digit_core.storage import paths; print(paths.machine_lock())"
_PARENT_LOCK = f"""
import subprocess, sys
from digit_core.jobs.processes import process_environment
from digit_core.storage import paths
from digit_core.storage.process_folder import delete_own_folder, use_own_folder
use_own_folder()
print(paths.machine_lock(), flush=True)
subprocess.run([sys.executable, "-c", {_CHILD_LOCK!r}], env=process_environment(), check=True)
delete_own_folder()
"""


def test_a_process_with_its_own_folder_shares_the_locks_with_those_that_it_starts(own_home):
    command = [sys.executable, "-c", _PARENT_LOCK]
    printed = subprocess.run(command, cwd=paths.PROJECT, capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == [str(paths.machine_lock())] * 2
