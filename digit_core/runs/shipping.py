"""Make a run the one that the project ships."""

import shutil
from pathlib import Path

from digit_core.errors import DamagedRun, NotShippable
from digit_core.runs.run import DATA_FIGURES, Run
from digit_core.storage.files import make_folder, storage_errors

MOST_BYTES = 3_000_000  # everybody who clones the project has to fetch it
_LEFT_OUT = ("progress.json", "request.json", "train.log")


def ship(run: Run, target: Path) -> int:
    """Replace the folder `target` by a copy of the run, and return its size in bytes.

    Left out are the traces of its training and the figures that show images of the data set,
    which is not ours to hand out. What was in `target` stays until the copy has been checked.
    Raises NotShippable, also when `target` holds something else than a run, DamagedRun or StorageError.
    """
    if run.path.resolve() == target.resolve():
        raise NotShippable(f"{run.name} is the shipped run already; name another.")
    if target.exists() and not _may_be_replaced(target):
        raise NotShippable(f"{target} holds something else than a run, which would be lost; name another folder.")
    copy, before = target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.old")
    make_folder(target.parent)
    with storage_errors(target):
        for leftover in (copy, before):
            shutil.rmtree(leftover, ignore_errors=True)
        try:
            _copy(run, copy)
            size = _checked(run, copy)
            if target.exists():
                target.rename(before)
            copy.rename(target)
        finally:
            if before.exists() and not target.exists():
                before.rename(target)
            shutil.rmtree(copy, ignore_errors=True)
            shutil.rmtree(before, ignore_errors=True)
    return size


def _may_be_replaced(target: Path) -> bool:
    if not target.is_dir():
        return False
    return not any(target.iterdir()) or all((target / name).is_file() for name in ("config.json", "metrics.json"))


def _copy(run: Run, copy: Path) -> None:
    (copy / "figures").mkdir(parents=True)
    for file in _files(run.path):
        if file.name not in _LEFT_OUT:
            shutil.copyfile(file, copy / file.name)
    for figure in _files(run.path / "figures"):
        if figure.stem not in DATA_FIGURES:
            shutil.copyfile(figure, copy / "figures" / figure.name)


def _checked(run: Run, copy: Path) -> int:
    copied = Run(copy)
    copied.check()
    if not copied.history() or not len(copied.predictions().labels):
        raise DamagedRun(f"The run {run.name} has no epoch or no predictions.")
    size = sum(file.stat().st_size for file in copy.rglob("*") if file.is_file())
    if size > MOST_BYTES:
        raise NotShippable(f"{run.name} has {size / 1e6:.1f} MB, at most {MOST_BYTES / 1e6:.0f} MB can be shipped.")
    return size


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
