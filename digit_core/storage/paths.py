"""Where things live on disk.

`DIGITS_HOME` names the folder for runs, data and what is made of them (default: `.digits/` in the
checkout). `DIGITS_MNIST` names an `mnist.npz` that is already on the machine.
"""

import os
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED_RUN = PROJECT / "digit_core" / "shipped"


def home() -> Path:
    """The folder of everything that is kept; it need not exist yet."""
    return Path(os.environ.get("DIGITS_HOME") or PROJECT / ".digits").expanduser().absolute()


def runs_folder() -> Path:
    """Complete runs, a folder each."""
    return home() / "runs"


def working_folder() -> Path:
    """Trainings under way, and the last ones that did not become a run."""
    return home() / "working"


def exports_folder() -> Path:
    """Runs' models in other formats, a folder a run; all of it can be made again."""
    return home() / "exports"


def notes_folder() -> Path:
    """The names and notes that people gave to runs, a file a run."""
    return home() / "notes"


def robustness_folder() -> Path:
    """How runs read changed test images, a file a run; all of it can be measured again."""
    return home() / "robustness"


def features_folder() -> Path:
    """What networks make of the training images, a file a network; all of it can be made again."""
    return home() / "features"


def queue_folder() -> Path:
    """The background tasks that wait, and the lock of the one that works."""
    return home() / "queue"


def data_folder() -> Path:
    """Downloaded data sets."""
    return home() / "data"


def active_file() -> Path:
    """The file that says which run is active."""
    return home() / "active.json"


def mnist_override() -> Path | None:
    """The file that `DIGITS_MNIST` names, if it names one."""
    named = os.environ.get("DIGITS_MNIST")
    return Path(named).expanduser().absolute() if named else None


def machine_lock() -> Path:
    """The lock that one training at a time holds, shared by every checkout on the machine."""
    return Path(tempfile.gettempdir()) / "digit-lab-training.lock"


def display_path(path: Path) -> str:
    """A path for people to read, visitors among them: without the folders above the home and the project."""
    if path.is_relative_to(home()):
        return path.relative_to(home().parent).as_posix()
    if path.is_relative_to(PROJECT):
        return path.relative_to(PROJECT).as_posix()
    return str(path)
