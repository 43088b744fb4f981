"""Make a run the one that is shipped with the project."""

import shutil
from pathlib import Path

from digit_core.errors import NotShippable
from digit_core.runs.run import DATA_FIGURES, Run
from digit_core.storage.files import make_folder, storage_errors

MAX_BYTES = 6_000_000  # every clone of the project downloads it
_NOT_SHIPPED = ("progress.json", "request.json", "train.log")


def ship(run: Run, target: Path) -> int:
    """Replace the folder `target` by a copy of the run and return its size in bytes.

    The records of its training are left out, and the figures that show images of the data set,
    which has its own licence. The old content of `target` stays until the copy has been checked.
    Raises NotShippable, also when `target` holds anything but a run, DamagedRun or StorageError.
    """
    if run.path.resolve() == target.resolve():
        raise NotShippable(f"{run.name} is the shipped run already; name another.")
    if target.exists() and not _is_replaceable(target):
        raise NotShippable(f"{target} is not a run and would be lost; name another folder.")
    copy = target.with_name(f".{target.name}.new")
    make_folder(target.parent)
    with storage_errors(target):
        shutil.rmtree(copy, ignore_errors=True)
        try:
            shutil.copytree(run.path, copy, ignore=_ignored, copy_function=shutil.copyfile)
            size = _checked_size(run, copy)
        except BaseException:
            shutil.rmtree(copy, ignore_errors=True)
            raise
        if target.exists():
            shutil.rmtree(target)
        copy.rename(target)
    return size


def _is_replaceable(target: Path) -> bool:
    if not target.is_dir():
        return False
    return not any(target.iterdir()) or all((target / name).is_file() for name in ("config.json", "metrics.json"))


def _ignored(folder: str, names: list[str]) -> list[str]:
    """The names that are not shipped: for `shutil.copytree`."""
    return [
        name
        for name in names
        if name in _NOT_SHIPPED
        or name.startswith(".")
        or Path(name).stem in DATA_FIGURES
        or (name != "figures" and not Path(folder, name).is_file())
    ]


def _checked_size(run: Run, copy: Path) -> int:
    copied = Run(copy)
    copied.check()
    copied.history()
    copied.predictions()
    size = sum(file.stat().st_size for file in copy.rglob("*") if file.is_file())
    if size > MAX_BYTES:
        raise NotShippable(f"{run.name} has {size / 1e6:.1f} MB, at most {MAX_BYTES / 1e6:.0f} MB can be shipped.")
    return size
