"""Start and stop the processes of background work: training, which the app never imports, and other slow work."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import Field

from digit_core.errors import TaskFailed
from digit_core.storage import paths
from digit_core.storage.files import storage_errors

# Of a single process: for a system 0 and negative numbers are groups of processes, or all of them.
ProcessNumber = Annotated[int, Field(gt=0, lt=2**31)]
_NICENESS = 10
_TERMINATION_SECONDS = 4  # between SIGTERM and SIGKILL, and after SIGKILL
_started: dict[int, subprocess.Popen] = {}  # the children of this process, by process number


def room_command(room: str, *arguments: str) -> tuple[str, ...]:
    """The command line of `python -m digit_core.ROOM ARGUMENTS`; run it in `paths.PROJECT`."""
    return sys.executable, "-m", f"digit_core.{room}", *arguments


def process_environment() -> dict[str, str]:
    """The environment of a process that this one starts: its own, with the machine's locks and a quiet TensorFlow.

    OpenBLAS computes in the thread that calls it, unless the environment says otherwise: its own threads wait for
    work by spinning, and two processes that generate synthetic digits on two cores took three times as long.
    """
    shared = {"TMPDIR": str(paths.shared_temporary_folder())}  # this process may have a folder of its own
    quiet = {"PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    return {"OPENBLAS_NUM_THREADS": "1", **os.environ, **shared, **quiet}


def start_process(log_path: Path, command: Sequence[str]) -> subprocess.Popen:
    """Start a command in the checkout with its output in a file. Raises StorageError."""
    # A fresh interpreter: TensorFlow and fork hang. A session of its own: Ctrl-C in the app's
    # terminal, or closing that terminal, does not end the process.
    separate = (
        {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
        if os.name == "nt"
        else {"start_new_session": True}
    )
    for number, child in list(_started.items()):
        if child.poll() is not None:
            _started.pop(number, None)
    with storage_errors(log_path), log_path.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=paths.PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=process_environment(),
            **separate,
        )
    _started[process.pid] = process
    return process


def is_alive(process: int) -> bool:
    """Whether a process is running, as far as the platform tells."""
    if process in _started:
        return _started[process].poll() is None  # which also removes a zombie
    if os.name == "nt":
        return True  # signal 0 would be Ctrl-C there
    try:
        os.kill(process, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return not _is_zombie(process)


def _is_zombie(process: int) -> bool:
    """Whether a process has ended, but another process that started it has not asked how (known on Linux only)."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[:1] == ["Z"]
    except OSError:
        return False


def end_process(process: int, is_running: Callable[[], bool]) -> None:
    """Ask a process to end, and kill it if it is still running seconds later. Raises TaskFailed if that fails."""
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)
        deadline = time.monotonic() + _TERMINATION_SECONDS
        while is_running():
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)  # a bounded wait for another process
        else:
            return
    raise TaskFailed(f"The process {process} could not be stopped.")


def kill_if_trainer(process: int) -> None:
    """Kill the process of that number if it is a trainer; another one may have the number by now.

    Only where the platform tells a process's command, as Linux does.
    """
    with suppress(OSError):
        command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        if b"digit_core.training" in command and process != os.getpid():
            os.kill(process, signal.SIGKILL)


def lower_priority() -> None:
    """Give way to the app: people who are drawing come first."""
    # Set, not increased: a process inherits the priority of the one that started it.
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, max(_NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


def last_line(log_path: Path) -> str:
    """The last line of a log that is not blank; empty if there is none."""
    try:
        lines = log_path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
