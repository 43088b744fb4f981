"""Rooms as processes of their own: learning, which the app never imports, and reading, for what takes long."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from digit_core.storage import paths
from digit_core.storage.files import storage_errors

_NICENESS = 10
_started: dict[int, subprocess.Popen] = {}  # what this process started


def training_command(*arguments: str) -> list[str]:
    """The command line of `python -m digit_core.training ARGUMENTS`; run it in `paths.PROJECT`."""
    return _command("training", arguments)


def training_environment() -> dict[str, str]:
    """This process's environment variables, and those that keep TensorFlow quiet."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}


def room_command(room: str, *arguments: str) -> tuple[str, ...]:
    """The command line of `python -m digit_core.ROOM ARGUMENTS`."""
    return tuple(_command(room, arguments))


def start_detached(log_path: Path, *arguments: str, room: str = "training") -> subprocess.Popen:
    """Start `python -m digit_core.ROOM ARGUMENTS` with its output in a file. Raises StorageError."""
    return start_process(log_path, _command(room, arguments))


def start_process(log_path: Path, command: Sequence[str]) -> subprocess.Popen:
    """Start a command in the checkout with its output in a file. Raises StorageError."""
    # A fresh interpreter: TensorFlow and fork hang. A session of its own: Ctrl-C in the app's
    # terminal, or closing that terminal, leaves the work alone.
    separate = (
        {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
        if os.name == "nt"
        else {"start_new_session": True}
    )
    for number, ended in list(_started.items()):
        if ended.poll() is not None:
            _started.pop(number, None)
    with storage_errors(log_path), log_path.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=paths.PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=training_environment(),
            **separate,
        )
    _started[process.pid] = process
    return process


def is_alive(process: int) -> bool:
    """Whether a process may still live; if this process started it, whether it does."""
    if process in _started:
        return _started[process].poll() is None  # which also lets the system forget one that has ended
    if os.name == "nt":
        return True  # there signal 0 is no question but Ctrl-C
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end_process(process: int, *, by_force: bool = False) -> None:
    """Ask a process to end, or end it `by_force`; nothing if it has ended."""
    number = getattr(signal, "SIGKILL", signal.SIGTERM) if by_force else signal.SIGTERM
    with suppress(ProcessLookupError, PermissionError):
        os.kill(process, number)


def lower_priority() -> None:
    """Let people who draw meanwhile come first."""
    # Set and not added to: a process inherits the priority of the one that started it.
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, max(_NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


def _command(room: str, arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", f"digit_core.{room}", *arguments]
