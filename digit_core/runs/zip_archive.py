"""Run folders as one zip file, to back up or to share; `run_import` in `digit_core.inference` reads it again."""

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from digit_core.access.actors import Action, require
from digit_core.errors import UnknownRun
from digit_core.runs.json_files import file_stats, read_file, unreadable
from digit_core.runs.run import Run

DIGESTS = "SHA256SUMS"  # in each folder: a line for each other file, for `sha256sum --check`
_MAX_FILE_BYTES = 500_000_000  # a zip is made in memory, a file at a time


def write_archive(runs: Sequence[Run], file: BinaryIO) -> None:
    """Write the runs' folders as a zip, each under the run's name and with digests.

    Raises NotPermitted, UnknownRun or DamagedRun.
    """
    require(Action.DOWNLOAD)
    with zipfile.ZipFile(file, "w") as archive:
        for run in runs:
            files = _files(run.path)
            if not files:
                raise UnknownRun(f"The run {run.name} has no files; it may have been deleted.")
            digests = []
            for path in files:
                name = f"{run.name}/{path.relative_to(run.path).as_posix()}"
                try:
                    # A wrong clock can date a file before 1980, which zip cannot represent.
                    info = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
                    content = read_file(path, _MAX_FILE_BYTES)
                except OSError as error:
                    raise unreadable(path, error) from None
                archive.writestr(info, content, zipfile.ZIP_DEFLATED)
                digests.append(f"{hashlib.sha256(content).hexdigest()}  {path.relative_to(run.path).as_posix()}\n")
            archive.writestr(f"{run.name}/{DIGESTS}", "".join(digests), zipfile.ZIP_DEFLATED)


def archive_name(runs: Sequence[Run]) -> str:
    """The name of the file, in characters that every system allows."""
    return f"{runs[0].name}.zip" if len(runs) == 1 else f"{len(runs)}-runs.zip"


def unpacked_size(runs: Sequence[Run]) -> int:
    """The total size in bytes of the files to pack."""
    found = (file_stats(path.parent, [path.name]) for run in runs for path in _files(run.path))
    return sum(stats.st_size for each in found for stats in each.values())  # one may be deleted in the meantime


def _files(folder: Path) -> list[Path]:
    """All files without links, which may lead out of the folder, and without hidden ones."""
    if folder.is_symlink():
        return []
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and path.name != DIGESTS
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
