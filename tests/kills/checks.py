"""What must hold whenever anything was killed, before and after the next start."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from digit_core.errors import DigitError
from digit_core.jobs import trainings
from digit_core.jobs.recovery import progress_of
from digit_core.runs.active_run import active_run, read_active
from digit_core.runs.run import list_runs, open_run
from digit_core.runs.schemas import ACTIVE
from digit_core.storage import paths


def problems_before_start() -> Iterator[str]:
    """What is wrong right after a kill: the active model has to be readable, and no run may be half there."""
    try:
        active_run().model_bytes()
    except DigitError as error:
        yield f"active model: {error}"
    if damaged := list_runs().damaged:
        yield f"half runs: {damaged}"


def problems_after_start() -> Iterator[str]:
    """What is wrong after the next start."""
    yield from problems_before_start()
    open_run(read_active().run).predictions()
    if left := sorted(temporary_files()):
        yield f"temporary files: {left}"
    for job in trainings.working_jobs():
        progress = job.progress()
        if progress is None or progress.state in ACTIVE or progress != progress_of(job):
            yield f"{job.name} is still {progress and progress.state}"


def temporary_files() -> Iterator[str]:
    """Files and folders of this home, and of the folder for temporary files, that only writing should need."""
    for path in paths.home().rglob("*"):
        is_hidden = path.name.startswith(".") and path.suffix != ".lock"
        if is_hidden or path.name.endswith(".partial") or (path.parent == paths.data_folder() and path.suffix == ""):
            yield str(path.relative_to(paths.home()))
    for path in Path(tempfile.gettempdir()).iterdir():
        if path.suffix != ".lock":
            yield f"TMPDIR/{path.name}"
