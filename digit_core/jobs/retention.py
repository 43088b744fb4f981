"""How much is kept: so many runs, and so many megabytes of runs and of what is computed from them.

What can be computed again goes first (features, exports), then trainings that ended without a run, then runs:
the oldest that are neither active nor were before, and have no name, note or tag.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from digit_core.errors import DigitError
from digit_core.jobs.deletion import delete_unused_run, why_not_deletable
from digit_core.jobs.machine_lock import lock_owner
from digit_core.jobs.tasks import FORMATS, export_task
from digit_core.jobs.training_job import Job, visible_folders, working_jobs
from digit_core.runs.active_run import read_active
from digit_core.runs.notes import Note, note_of
from digit_core.runs.publishing import remove_folder
from digit_core.runs.run import SHIPPED, Run, is_training_name, list_runs
from digit_core.storage import paths
from digit_core.storage.configured_limits import configured_limit
from digit_core.telemetry.events import log_event

RUNS_VARIABLE, MEGABYTES_VARIABLE = "DIGITS_MAX_RUNS", "DIGITS_MAX_MEGABYTES"
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """The most runs, without the shipped one, and the most bytes of everything that counts."""

    runs: int
    bytes: int


@dataclass(frozen=True)
class Usage:
    """How many runs there are, without the shipped one, and how many bytes everything that counts takes."""

    runs: int
    bytes: int

    def exceeds(self, limits: Limits) -> bool:
        """Whether something has to go."""
        return self.runs > limits.runs or self.bytes > limits.bytes


def limits() -> Limits:
    """The limits that hold. Raises InvalidConfig."""
    return Limits(
        runs=int(configured_limit(RUNS_VARIABLE, 200)),
        bytes=int(configured_limit(MEGABYTES_VARIABLE, 5000) * _MEGABYTE),
    )


def usage() -> Usage:
    """What is used now: it looks at every file, which takes 20 ms for 200 runs."""
    runs = [run for run in list_runs().runs if run.name != SHIPPED]
    return Usage(len(runs), sum(map(_size, _counted_folders())))


def next_to_go(keep: str = "") -> list[Run]:
    """The runs that would be deleted if one more were published now, of the newest one's size; oldest first.

    `keep` is a run that stays. Raises InvalidConfig.
    """
    runs = [run for run in list_runs().runs if run.name != SHIPPED]
    allowed, used = limits(), usage()
    expected = Usage(used.runs + 1, used.bytes + (_size(runs[0].path) if runs else 0))
    spared = sum(_size(path) for path in _features()) + sum(_size(path) for path in _exports())
    spared += sum(_size(job.folder) for job in _ended_jobs())
    over_bytes, over_runs = expected.bytes - spared - allowed.bytes, expected.runs - allowed.runs
    going = []
    for run in _expendable_runs(keep):
        if over_bytes <= 0 and over_runs <= 0:
            break
        going.append(run)
        over_bytes, over_runs = over_bytes - _size(run.path), over_runs - 1
    return going


def enforce(keep: str = "") -> str:
    """Delete what the limits do not allow, but not the run `keep`; returns a sentence about runs that went, or "".

    Raises nothing: what cannot be deleted now goes next time.
    """
    try:
        return _enforce(keep)
    except (DigitError, OSError) as error:
        print(f"Old runs could not be deleted: {error}", file=sys.stderr)
        return ""


def _enforce(keep: str) -> str:
    allowed, used = limits(), usage()
    if not used.exceeds(allowed):
        return ""
    excess = used.bytes - allowed.bytes
    for path in (*_features(), *_exports()):
        if excess > 0:
            excess -= _delete_computed(path)
    for job in _ended_jobs():
        if excess > 0:
            excess -= _size(job.folder)
            remove_folder(job.folder)
            log_event("training_deleted", run=job.name, reason="limit")
    deleted, runs = [], used.runs
    for run in _expendable_runs(keep):
        if excess <= 0 and runs <= allowed.runs:
            break
        size = _size(run.path)
        with contextlib.suppress(DigitError):  # activated, exported or deleted in the meantime
            delete_unused_run(run.name)
            deleted.append(run.name)
            log_event("run_deleted", run=run.name, reason="limit", bytes=size)
            excess, runs = excess - size, runs - 1
    return _sentence(len(deleted), allowed, by_count=used.runs > allowed.runs)


def _sentence(count: int, allowed: Limits, *, by_count: bool) -> str:
    if not count:
        return ""
    which = "The oldest unnamed run was" if count == 1 else f"The {count} oldest unnamed runs were"
    limit = f"{allowed.runs:,} runs" if by_count else f"{allowed.bytes / _MEGABYTE:,.0f} MB"
    return f"{which} deleted: the limit is {limit}"


def _expendable_runs(keep: str) -> Iterator[Run]:
    """The runs that may go, oldest first."""
    active, training = read_active(), lock_owner()
    config = Job(training.folder).config() if training else None
    kept = {keep, active.run, active.previous, SHIPPED, config and config.base_run}
    for run in reversed(list_runs().runs):
        is_named = note_of(run.name) != Note() or not is_training_name(run.name)
        if run.name not in kept and not is_named and why_not_deletable(run.name) is None:
            yield run


def _ended_jobs() -> list[Job]:
    """The trainings that ended without a run, oldest first."""
    jobs = [(job, job.progress()) for job in reversed(working_jobs())]
    return [job for job, progress in jobs if progress and progress.state in ("cancelled", "failed")]


def _features() -> list[Path]:
    """The files of features, the one that was used or made least recently first."""
    return sorted(paths.features_folder().glob("*.npy"), key=lambda path: path.stat().st_mtime)


def _exports() -> list[Path]:
    """The exported files of runs of which nothing is being exported, the oldest first."""
    files = []
    for folder in visible_folders(paths.exports_folder()):
        run = Run(paths.runs_folder() / folder.name)
        if not any(export_task(run, form).is_active() for form in FORMATS.values()):
            files += [path for form in FORMATS.values() if (path := folder / f"{folder.name}{form.ending}").is_file()]
    return sorted(files, key=lambda path: path.stat().st_mtime)


def _delete_computed(path: Path) -> int:
    """Delete a file that can be computed again; returns how many bytes that frees."""
    size = path.stat().st_size
    path.unlink()
    log_event("computed_file_deleted", file=path.name, reason="limit", bytes=size)
    return size


def _counted_folders() -> tuple[Path, ...]:
    return (
        paths.runs_folder(),
        paths.working_folder(),
        paths.exports_folder(),
        paths.robustness_folder(),
        paths.features_folder(),
    )


def _size(path: Path) -> int:
    """The bytes of a file, or of all files in a folder; links are not followed."""
    if path.is_symlink():
        return 0
    if path.is_file():
        return path.stat().st_size
    size = 0
    for parent, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                size += os.lstat(f"{parent}/{name}").st_size
    return size
