"""Rooms as processes of their own: learning, which the app never imports, and reading, for what takes long."""

import os
import subprocess
import sys
from pathlib import Path

from digit_core.records import home
from digit_core.records.storage import storage_errors


def learning_command(*arguments: str) -> list[str]:
    """The command line of `python -m digit_core.learning ARGUMENTS`; run it in `home.PROJECT`."""
    return _command("learning", arguments)


def learning_environment() -> dict[str, str]:
    """This process's environment variables, and those that keep TensorFlow quiet."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}


def start_apart(log_path: Path, *arguments: str, room: str = "learning") -> subprocess.Popen:
    """Start `python -m digit_core.ROOM ARGUMENTS` with its output in a file. Raises StorageError."""
    # A fresh interpreter: TensorFlow and fork hang. A session of its own: Ctrl-C in the app's
    # terminal, or closing that terminal, leaves the work alone.
    separate = (
        {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
        if os.name == "nt"
        else {"start_new_session": True}
    )
    with storage_errors(log_path), log_path.open("wb") as log:
        return subprocess.Popen(
            _command(room, arguments),
            cwd=home.PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=learning_environment(),
            **separate,
        )


def _command(room: str, arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", f"digit_core.{room}", *arguments]
