"""The project's own Python environment: `.venv`, made from a requirements file when it is out of date.

Uses the standard library alone, since it runs before anything is installed.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = PROJECT / ".venv"
APP, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"


if sys.version_info < (3, 11):  # here, before any module that imports this one needs what 3.11 has
    sys.exit(f"Digit Lab needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try python3.11 or python3.12.")


def enter(requirements: str = APP) -> None:
    """Return if this is the project's environment and up to date; else make it so and start over in it."""
    prepare(requirements)
    if Path(sys.prefix).resolve() != FOLDER.resolve():
        run([str(python()), *sys.argv])


def run(command: list[str]) -> None:
    """Become another program; does not return."""
    if os.name == "nt":  # Windows' exec returns to the shell at once
        sys.exit(subprocess.call(command))
    sys.stdout.flush()
    os.execv(command[0], command)


def python() -> Path:
    """The environment's interpreter."""
    return FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def prepare(requirements: str) -> None:
    """Make the environment or bring it up to date, with pip's own progress; exits with a sentence if it cannot."""
    stamp, wanted = FOLDER / f".{requirements}.installed", _fingerprint(requirements)
    if python().exists() and stamp.is_file() and stamp.read_text() == wanted:
        return
    if not python().exists():
        print(f"Making the Python environment {FOLDER.name} (the first time only) ...", flush=True)
        shutil.rmtree(FOLDER, ignore_errors=True)
        _call([sys.executable, "-m", "venv", str(FOLDER)], "On Debian and Ubuntu: apt install python3-venv.")
    print(f"Installing what {requirements} names; TensorFlow alone is 600 MB to fetch ...", flush=True)
    _call(
        [str(python()), "-m", "pip", "install", "--disable-pip-version-check", "-r", str(PROJECT / requirements)],
        "Is there a network? Run the same command again to go on.",
    )
    stamp.write_text(wanted)


def _call(command: list[str], remedy: str) -> None:
    try:
        code = subprocess.call(command)
    except OSError as error:
        sys.exit(f"{command[0]} could not be run: {error.strerror}. {remedy}")
    if code:
        sys.exit(f"That did not work (exit code {code}). {remedy}")


def _fingerprint(requirements: str) -> str:
    """Changes with any line of the file or of those that it includes; Python's version is the environment's own."""
    text = (PROJECT / requirements).read_text(encoding="utf-8")
    for included in re.findall(r"^-r (\S+)", text, re.MULTILINE):
        text += (PROJECT / included).read_text(encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()
