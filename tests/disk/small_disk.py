"""A disk of some megabytes in memory, which can be filled up to a page."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_FILLING = "filling"


def why_not() -> str | None:
    """Why such a disk cannot be mounted here; None if it can."""
    if not shutil.which("mount") or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "mounting a tmpfs takes Linux and the rights of root"
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder)):
                return None
        except subprocess.CalledProcessError:
            return "this container may not mount a tmpfs"


@contextmanager
def small_disk(folder: Path, megabytes: int = 48) -> Iterator[Path]:
    """Mount the disk on a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def filled(disk: Path, pages_left: int) -> Iterator[None]:
    """Fill the disk except for so many pages, and free it again."""
    path = disk / _FILLING
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with path.open("wb") as file:
        if free > pages_left * PAGE:
            os.posix_fallocate(file.fileno(), 0, free - pages_left * PAGE)
    try:
        yield
    finally:
        path.unlink()
