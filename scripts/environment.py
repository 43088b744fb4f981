"""The project's own Python environment: `.venv`, installed from a lock file whenever it does not match it.

python3 scripts/environment.py          install only, as for an image or before the network is cut

Uses only the standard library, since it runs before anything is installed.

It is in the checkout; in `DIGITS_HOME`, if the checkout cannot be written. The status file holds the digests of
the installed lock files, or "begun" from before the first change until every installed file has been found in its
place. So whatever ends an installation, the next one starts over in an empty folder. An environment is not built
elsewhere and moved, as its scripts name the folder in which they were installed.
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
APP, DEVELOPMENT = "requirements.lock", "requirements-dev.lock"  # the second contains the first
_STATUS_NAME, _LOCK_NAME = ".install-status", ".install-lock"
_BEGUN = "begun"
_NEWEST_PYTHON = (3, 13)  # for which TensorFlow and h5py have wheels

# Prints a digest of all installed files, those that belong to no package too, if every one that pip recorded is there
# in its size. importlib.metadata's own list skips missing files from Python 3.12 on.
_INVENTORY = """
import csv, hashlib, importlib.metadata, os, sys, sysconfig
import pip
for package in importlib.metadata.distributions():
    record = package.read_text("RECORD") or sys.exit(1)
    for name, _, size in csv.reader(record.splitlines()):
        if not name.endswith(".pyc"):
            found = os.stat(package.locate_file(name)).st_size
            size and int(size) != found and sys.exit(1)
paths = [os.path.join(folder, name) for folder, _, names in os.walk(sysconfig.get_path("purelib")) for name in names]
files = sorted((path, os.lstat(path).st_size) for path in paths if not path.endswith(".pyc"))
print(hashlib.sha256(repr(files).encode("utf-8", "surrogateescape")).hexdigest())
"""


def _folder() -> Path:
    """Where the environment is: in the checkout, or in `DIGITS_HOME` if there is none and the checkout is read-only."""
    own, home = PROJECT / ".venv", os.environ.get("DIGITS_HOME")
    if home and not (own / _STATUS_NAME).exists() and not os.access(own if own.exists() else PROJECT, os.W_OK):
        return Path(home).expanduser().absolute() / ".venv"
    return own


FOLDER = _folder()
_STATUS, _LOCK = FOLDER / _STATUS_NAME, FOLDER / _LOCK_NAME

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
    try:
        if _is_complete(lock_file):
            return
        FOLDER.mkdir(parents=FOLDER.parent != PROJECT, exist_ok=True)
        with _locked() as lock:
            if not _is_complete(lock_file):  # another command may just have installed it
                _install(lock_file, lock)
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run the same command to start the installation over.")
    except OSError as error:
        sys.exit(
            f"The Python environment could not be changed ({error.filename or FOLDER}: {error.strerror}). Is there "
            f"room on the disk, may you write to {FOLDER}, and is no other program using it? For a read-only checkout, "
            "set DIGITS_HOME to a folder that can be written."
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
    before, files = _status(), _inventory()
    if before == _BEGUN or files is None:
        before, files = "", _recreate(lock)
    _write_status(_BEGUN)
    print(f"Installing the packages of {lock_file}; TensorFlow alone is 600 MB to fetch ...", flush=True)
    pip = [str(python()), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-user"]
    code = _call([*pip, "--only-binary=:all:", "--require-hashes", "-r", str(PROJECT / lock_file)], lock)
    installed = _inventory()
    if code > 0 and installed == files:  # pip gave up before it changed anything
        _write_status(before)
    if code:
        sys.exit(f"The installation failed (exit code {code}). Is there a network? Then run the same command again.")
    if installed is None:
        sys.exit("The installation ended, but files are missing. Is the disk full? Then run the same command again.")
    digests = [DEVELOPMENT, APP] if lock_file == DEVELOPMENT else [lock_file]
    _write_status("\n".join(map(_digest, digests)))


def _inventory() -> str | None:
    """A digest of what is installed; None if a file of a package is missing or has another size."""
    if not python().exists():
        return None
    command = [str(python()), "-I", "-c", _INVENTORY]
    listed = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return None if listed.returncode else listed.stdout


def _write_status(text: str) -> None:
    """Replace the status in one step; it is on the disk before anything that follows is."""
    new = _STATUS.with_name(f"{_STATUS.name}.new")
    with new.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(_STATUS)


def _recreate(lock: int) -> str:
    """Empty the folder and make an environment in it that holds pip alone; returns its `_inventory`."""
    if sys.version_info[:2] > _NEWEST_PYTHON:
        sys.exit("TensorFlow does not support this Python yet. Run the same command with python3.13 or python3.12.")
    reason = "The last installation was interrupted. " if _status() == _BEGUN else ""
    print(f"{reason}Creating the Python environment {FOLDER.name} ...", flush=True)
    _write_status(_BEGUN)
    for entry in FOLDER.iterdir():
        if entry not in (_STATUS, _LOCK):
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    # Not the environment's own interpreter, which has just been deleted, but the one it was created from.
    base = getattr(sys, "_base_executable", sys.executable)
    code = _call([base, "-I", "-m", "venv", str(FOLDER)], lock)
    files = _inventory()
    if code or files is None:
        sys.exit(f"Creating it failed (exit code {code}). On Debian and Ubuntu: apt install python3-venv.")
    return files


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


if __name__ == "__main__":
    prepare(APP)
