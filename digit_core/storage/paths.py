"""Where things live on disk.

`DIGITS_HOME` names the folder for runs, data and everything derived from them (default: `.digits/`
in the checkout). `DIGITS_MNIST` names an `mnist.npz` that is already on the machine.
"""

import os
import tempfile
from pathlib import Path

from digit_core.storage.machine import this_machine

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED_RUN = PROJECT / "digit_core" / "shipped"

_shared: Path | None = None  # the system's folder for temporary files, in a process that has one of its own


def home() -> Path:
    """The folder for everything that is stored; it need not exist yet."""
    return Path(os.environ.get("DIGITS_HOME") or PROJECT / ".digits").expanduser().absolute()


def runs_folder() -> Path:
    """Complete runs, one folder each."""
    return home() / "runs"


def working_folder() -> Path:
    """Trainings in progress, and the last ones that ended without a run."""
    return home() / "working"


def exports_folder() -> Path:
    """Exported models, one folder per run; they can be exported again."""
    return home() / "exports"


def notes_folder() -> Path:
    """Names and notes for runs, one file per run."""
    return home() / "notes"


def robustness_folder() -> Path:
    """Accuracy on distorted test images, one file per run; it can be measured again."""
    return home() / "robustness"


def features_folder() -> Path:
    """Features of the training images, one file per network; they can be computed again."""
    return home() / "features"


def queue_folder() -> Path:
    """The queue of background tasks, and the lock of the one that is running."""
    return home() / "queue"


def searches_folder() -> Path:
    """Searches of settings, one folder each; the trials may be stored elsewhere."""
    return home() / "searches"


def data_folder() -> Path:
    """Downloaded data sets."""
    return home() / "data"


def active_file() -> Path:
    """The file that says which run is active."""
    return home() / "active.json"


def database_file() -> Path:
    """The SQLite database, where `DIGITS_DATABASE_URL` names no other one."""
    return home() / "digit-lab.db"


def mnist_override() -> Path | None:
    """The file that `DIGITS_MNIST` names, if it names one."""
    named = os.environ.get("DIGITS_MNIST")
    return Path(named).expanduser().absolute() if named else None


def drawing_signal() -> Path:
    """The empty file that the app touches while people are drawing."""
    return home() / ".drawing"


def warm_trainer_folder() -> Path:
    """Where the app and a trainer that waits for a training on this machine leave their messages."""
    return home() / "warm-trainer" / this_machine()


def warm_trainer_lock() -> Path:
    """The lock held by the one trainer that may wait for a training on this machine."""
    return shared_temporary_folder() / "digit-lab-warm-trainer.lock"


def machine_lock() -> Path:
    """The lock held by the one training that may run, shared by all checkouts on the machine."""
    return shared_temporary_folder() / "digit-lab-training.lock"


def temporary_folder() -> Path:
    """Temporary files of trainers and exports, a folder for each process."""
    return home() / "temporary"


def use_temporary_folder(folder: Path) -> None:
    """Have this process put its temporary files there; the locks stay where they are.

    A process that it starts must be given the shared folder again (`process_environment`), where the locks are.
    """
    global _shared
    _shared = shared_temporary_folder()
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)


def shared_temporary_folder() -> Path:
    """The system's folder for temporary files, where the locks of this machine are."""
    return _shared or Path(tempfile.gettempdir())


def display_path(path: Path) -> str:
    """A path as shown to users: without the folders above the home or the project."""
    if path.is_relative_to(home()):
        return path.relative_to(home().parent).as_posix()
    if path.is_relative_to(PROJECT):
        return path.relative_to(PROJECT).as_posix()
    return str(path)
