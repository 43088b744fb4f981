"""Unpack runs from a zip file of a stranger, as `zip_archive` writes it, into a folder; digests are checked."""

import hashlib
import re
from pathlib import Path
from typing import BinaryIO

from digit_core.errors import InvalidImport
from digit_core.runs.run import REQUIRED
from digit_core.runs.run_names import is_run_name
from digit_core.runs.zip_archive import DIGESTS
from digit_core.storage.files import make_folder, write_parts
from digit_core.storage.untrusted_zip import UntrustedZip, ZipLimits, untrusted_zip

MOST_PACKED = 100_000_000  # bytes of the zip file
_LIMITS = ZipLimits(entries=1000, unpacked=300_000_000, ratio=200)
_MOST_RUNS = 20
_OPTIONAL = ("steps.csv", "adaptation.json", "train.log", DIGESTS)
_ELSEWHERE = ("progress.json", "request.json")  # they belong to the machine that trained
_FIGURE = re.compile(r"figures/[A-Za-z0-9_-]{1,60}\.(png|svg)")
_NOISE = re.compile(r"(^|/)(__MACOSX/.*|\.DS_Store|Thumbs\.db|desktop\.ini)$")
_DIGEST_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]{1,200})")
_MOST_DIGESTS = 100_000  # bytes


def unpack_runs(file: BinaryIO, folder: Path) -> list[Path]:
    """Write each run of a zip file to its own folder in `folder`, checked against its digests; return these.

    `file`: seekable and binary. Nothing is read as a model yet, and nothing written outside of `folder`.
    Raises InvalidImport or StorageError, and can leave files then.
    """
    if (size := file.seek(0, 2)) > MOST_PACKED:
        raise InvalidImport(f"The file has {size / 1e6:,.0f} MB, and at most {MOST_PACKED / 1e6:.0f} MB are read.")
    with untrusted_zip(file, _LIMITS) as archive:
        names = [name for name in archive.files if not _NOISE.search(name)]
        runs = sorted({name.split("/", 1)[0] for name in names})
        if not 1 <= len(runs) <= _MOST_RUNS:
            raise InvalidImport(f"The zip file has {len(runs)} folders, and 1 to {_MOST_RUNS} runs can be imported.")
        for run in runs:
            _check_files(run, [name.removeprefix(f"{run}/") for name in names if name.startswith(f"{run}/")])
        return [_unpack(archive, run, folder) for run in runs]


def _check_files(run: str, files: list[str]) -> None:
    if not files or not is_run_name(run):
        raise InvalidImport(
            f"The zip file has {run[:60]!r}, which is no folder of a run. Choose one that Download, on the Runs page, "
            "wrote."
        )
    if missing := [name for name in REQUIRED if name not in files]:
        raise InvalidImport(f"{run} is no complete run: it lacks {', '.join(missing)}.")
    known = {*REQUIRED, *_OPTIONAL, *_ELSEWHERE}
    if others := [name for name in files if name not in known and not _FIGURE.fullmatch(name)]:
        raise InvalidImport(f"{run} has a file that no run has: {others[0][:60]!r}. Remove it and pack the run again.")


def _unpack(archive: UntrustedZip, run: str, folder: Path) -> Path:
    target = make_folder(folder / run)
    expected = _digests(archive, run)
    found = {}
    prefix = f"{run}/"
    for name in [name.removeprefix(prefix) for name in archive.files if name.startswith(prefix)]:
        if name == DIGESTS or (name in _ELSEWHERE and name not in (expected or ())) or _NOISE.search(name):
            continue
        digest = hashlib.sha256()

        def parts(name: str = name, digest: "hashlib._Hash" = digest):
            for block in archive.blocks(f"{run}/{name}"):
                digest.update(block)
                yield block

        write_parts(target / name, parts())
        found[name] = digest.hexdigest()
    if expected is not None and expected != found:
        wrong = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
        raise InvalidImport(f"{run} was changed or damaged since it was packed: {', '.join(wrong[:5])}. Pack it again.")
    for name in _ELSEWHERE:
        (target / name).unlink(missing_ok=True)
    return target


def _digests(archive: UntrustedZip, run: str) -> dict[str, str] | None:
    """The digest of each file as its run lists them; None for a zip file of an earlier version, without them."""
    if f"{run}/{DIGESTS}" not in archive.files:
        return None
    lines = archive.read(f"{run}/{DIGESTS}", _MOST_DIGESTS).decode("ascii", "replace").splitlines()
    matches = [_DIGEST_LINE.fullmatch(line) for line in lines]
    if not lines or not all(matches):
        raise InvalidImport(f"The {DIGESTS} of {run} is damaged. Pack the run again.")
    return {match[2]: match[1] for match in matches}
