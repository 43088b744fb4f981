"""The project's own Python environment: `.venv`, installed from a lock file whenever it does not match it.

Uses only the standard library, since it runs before anything is installed.

The status file holds the digests of the installed lock files, or "begun" while an installation runs. It is written
before anything is changed, so an installation that was killed is detected and started over in an empty folder.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = PROJECT / ".venv"
APP, DEVELOPMENT = "requirements.lock", "requirements-dev.lock"  # the second contains the first

_STATUS, _LOCK = FOLDER / ".install-status", FOLDER / ".install-lock"
_BEGUN = "begun"
_NEWEST_PYTHON = (3, 13)  # for which TensorFlow and h5py have wheels

# Checks that every file recorded by pip exists. importlib.metadata's own list skips missing files from Python 3.12 on.
_INTACT = """
import csv, importlib.metadata, sys
import pip
for package in importlib.metadata.distributions():
    record = package.read_text("RECORD") or sys.exit(1)
    for name, *_ in csv.reader(record.splitlines()):
        name.endswith(".pyc") or package.locate_file(name).exists() or sys.exit(1)
"""


if sys.version_info < (3, 11):  # checked here, before a script imports a module that needs 3.11
    sys.exit(f"Digit Lab needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}. Try python3.12.")


def enter(module: str, lock_file: str = APP) -> None:
    """Continue the calling script in the project's environment; call it with `__name__`, before other imports.

    Installs the environment if it is missing or out of date, restarts the script in it if it runs in another one,
    and makes the project importable. Does nothing in a script that is imported.
    """
    if module != "__main__":
        return
    prepare(lock_file)
    if Path(sys.prefix).resolve() != FOLDER.resolve():
        run([str(python()), *sys.argv])
    sys.path.insert(0, str(PROJECT))


def run(command: list[str]) -> None:
    """Replace this process with another program; does not return."""
    if os.name == "nt":  # there, exec would return to the shell at once
        sys.exit(subprocess.call(command))
    sys.stdout.flush()
    os.execv(command[0], command)


def python() -> Path:
    """The environment's interpreter."""
    return FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def prepare(lock_file: str) -> None:
    """Create or update the environment, showing pip's progress; exits with a sentence if that fails.

    Writes nothing and needs no network if the environment is up to date.
    """
    if _is_complete(lock_file):
        return
    try:
        FOLDER.mkdir(exist_ok=True)
        with _locked() as lock:
            if not _is_complete(lock_file):  # another command may just have installed it
                _install(lock_file, lock)
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run the same command to start the installation over.")
    except OSError as error:
        sys.exit(
            f"The Python environment could not be changed ({error.filename or FOLDER}: {error.strerror}). Is there "
            f"room on the disk, may you write to {FOLDER}, and is no other program using it?"
        )


def _is_complete(lock_file: str) -> bool:
    return python().exists() and _digest(lock_file) in _status().split()


def _status() -> str:
    try:
        return _STATUS.read_text(encoding="ascii", errors="replace")
    except OSError:  # missing if the environment was created by hand or by an earlier version of this module
        return ""


def _digest(lock_file: str) -> str:
    return hashlib.sha256((PROJECT / lock_file).read_text(encoding="utf-8").encode()).hexdigest()


def _install(lock_file: str, lock: int) -> None:
    if _status() == _BEGUN or not _is_intact():
        _recreate(lock)
    _STATUS.write_text(_BEGUN, encoding="ascii")
    print(f"Installing the packages of {lock_file}; TensorFlow alone is 600 MB to fetch ...", flush=True)
    pip = [str(python()), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-user"]
    code = _call([*pip, "--only-binary=:all:", "--require-hashes", "-r", str(PROJECT / lock_file)], lock)
    if code > 0:  # pip gave up by itself, usually before it changed anything: the next command checks
        _STATUS.unlink()
    if code:
        sys.exit(f"The installation failed (exit code {code}). Is there a network? Then run the same command again.")
    installed = [DEVELOPMENT, APP] if lock_file == DEVELOPMENT else [lock_file]
    _STATUS.write_text("\n".join(map(_digest, installed)), encoding="ascii")


def _is_intact() -> bool:
    return python().exists() and subprocess.call([str(python()), "-I", "-c", _INTACT], stderr=subprocess.DEVNULL) == 0


def _recreate(lock: int) -> None:
    if sys.version_info[:2] > _NEWEST_PYTHON:
        sys.exit("TensorFlow does not support this Python yet. Run the same command with python3.13 or python3.12.")
    reason = "The last installation was interrupted. " if _status() == _BEGUN else ""
    print(f"{reason}Creating the Python environment {FOLDER.name} ...", flush=True)
    _STATUS.write_text(_BEGUN, encoding="ascii")
    for entry in FOLDER.iterdir():
        if entry not in (_STATUS, _LOCK):
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    # Not the environment's own interpreter, which has just been deleted, but the one it was created from.
    base = getattr(sys, "_base_executable", sys.executable)
    if code := _call([base, "-I", "-m", "venv", str(FOLDER)], lock):
        sys.exit(f"Creating it failed (exit code {code}). On Debian and Ubuntu: apt install python3-venv.")


def _call(command: list[str], lock: int) -> int:
    """The exit code; the command inherits the lock, which is then held until it ends, even if its parent is killed."""
    return subprocess.call(command, **({} if os.name == "nt" else {"pass_fds": [lock]}))


@contextlib.contextmanager
def _locked() -> Iterator[int]:
    """Hold the installation lock; the operating system releases it when its last holder has ended, however."""
    with _LOCK.open("a") as file:
        if not _try_to_lock(file.fileno()):
            print("Another command is installing; waiting for it to end ...", flush=True)
            while not _try_to_lock(file.fileno()):
                time.sleep(0.2)
        yield file.fileno()


def _try_to_lock(descriptor: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # what they raise when another process holds it
        return False
    return True
