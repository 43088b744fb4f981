"""Everything that a person, a disk or a stranger can do to a file of a run, and all that Digit Lab reads of it."""

import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from digit_core.errors import DigitError
from digit_core.inference.recognizer import Recognizer
from digit_core.jobs import estimates, retention, trainings
from digit_core.jobs.deletion import why_not_deletable
from digit_core.jobs.recovery import progress_of
from digit_core.jobs.task_queue import TaskQueue
from digit_core.jobs.tasks import FORMATS, export_task, load_export, load_robustness, robustness_task
from digit_core.jobs.training_job import Job
from digit_core.jobs.warm_trainer import waiting_process
from digit_core.runs.activation_rule import judge
from digit_core.runs.active_run import read_active, usable_active_run
from digit_core.runs.config import training_config
from digit_core.runs.notes import all_tags, note_of
from digit_core.runs.run import SHIPPED, Run, list_runs, open_run
from digit_core.runs.zip_archive import unpacked_size, write_archive
from digit_core.storage import paths

_GARBAGE = np.random.default_rng(0).integers(0, 256, 3000).astype(np.uint8).tobytes()
_VALUES = ("null", '"x"', "[]", "{}", "true", "NaN", "-Infinity", "1e999", "-1", "0", "1e300", "9" * 400)


def _folder_in_its_place(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link_to_a_file_outside(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def _link_to_the_root(path: Path) -> None:
    path.unlink()
    path.symlink_to("/")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


WHOLE: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "garbage": lambda path: path.write_bytes(_GARBAGE),
    "deep JSON": lambda path: path.write_bytes(b"[" * 100_000),
    "deep object": lambda path: path.write_bytes(b'{"a":' * 50_000),
    "a list": lambda path: path.write_bytes(b"[1, 2]"),
    "an object": lambda path: path.write_bytes(b"{}"),
    "invalid UTF-8": lambda path: path.write_bytes(b'{"a": "\xff\xfe"}'),
    "huge": lambda path: os.truncate(path, 10**10),
    "a folder": _folder_in_its_place,
    "a link": _link_to_a_file_outside,
    "a link to the root": _link_to_the_root,
    "a pipe": _pipe,
}


def changed_json(path: Path) -> Iterator[bytes]:
    """The document with each of its values, one after the other, replaced by each of those that do not belong there."""
    document = json.loads(path.read_text())
    for place in _places(document):
        for value in _VALUES:
            text = json.dumps(_replaced(document, place, "@"))
            yield text.replace('"@"', value).encode()


def changed_csv(path: Path) -> Iterator[bytes]:
    """The table with a number of its last row replaced."""
    *head, last = path.read_text().splitlines()
    for column in range(len(last.split(","))):
        for value in ("", "x", "nan", "-inf", "-1", "1e999", "1e300"):
            cells = last.split(",")
            cells[column] = value
            yield "\n".join([*head, ",".join(cells), ""]).encode()


def changed_arrays(path: Path) -> Iterator[bytes]:
    """The predictions with wrong shapes, types and values."""
    with np.load(path) as file:
        probabilities, labels = file["probabilities"].astype(np.float32), file["labels"]
    for changed in (
        (probabilities * np.nan, labels),
        (-probabilities, labels),
        (probabilities * 1e38, labels),
        (probabilities[:, :9], labels),
        (probabilities[:-1], labels),
        (probabilities, labels - 1),
        (probabilities, labels * 10**12),
        (probabilities, labels.astype(float)),
        (probabilities, labels.astype(str)),
        (probabilities[0], labels[:1]),
        (probabilities[:0], labels[:0]),
        (np.zeros((3, 3, 3)), np.zeros((2, 2), int)),
        (probabilities.astype(str), labels),
        (probabilities.astype(complex), labels),
    ):
        content = io.BytesIO()
        np.savez(content, probabilities=changed[0], labels=changed[1])
        yield content.getvalue()


def _places(document: object, at: tuple = ()) -> Iterator[tuple]:
    """The way to each value; of a list only to its first and its last."""
    yield at
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _places(value, (*at, key))
    elif isinstance(document, list):
        for index in sorted({0, len(document) - 1} if document else set()):
            yield from _places(document[index], (*at, index))


def _replaced(document: object, place: tuple, value: object) -> object:
    if not place:
        return value
    copy = document.copy()
    copy[place[0]] = _replaced(document[place[0]], place[1:], value)
    return copy


def read_everything(name: str) -> None:
    """Read all there is about a run of this home. Raises what is no DigitError."""
    list_runs()
    run, job = Run(paths.runs_folder() / name), Job(paths.working_folder() / name)
    readers: list[Callable[[], object]] = [
        run.check,
        run.history,
        run.steps,
        run.adaptation,
        run.figures,
        lambda: [run.figure(figure, "svg") for figure in run.figures()],
        lambda: run.config.base_run,
        lambda: run.environment.created,
        lambda: run.metrics.accuracy,
        lambda: run.calibration.temperature,
        lambda: run.predictions().predicted,
        lambda: Recognizer(run),
        lambda: judge(open_run(name), open_run(SHIPPED)),
        lambda: judge(open_run(SHIPPED), open_run(name)),
        lambda: unpacked_size([run]),
        lambda: write_archive([run], io.BytesIO()),
        lambda: note_of(name),
        all_tags,
        read_active,
        usable_active_run,
        job.config,
        job.steps,
        lambda: job.progress() and job.progress().fraction,
        lambda: progress_of(job),
        lambda: trainings.resumable(job),
        lambda: [progress_of(each) for each in trainings.stopped_jobs()],
        trainings.latest,
        lambda: estimates.expected_timings(training_config("quick"), warm=False),
        lambda: [load_export(run, form) for form in FORMATS.values()],
        lambda: [export_task(run, form).status() for form in FORMATS.values()],
        lambda: load_robustness(run),
        lambda: robustness_task(run).status(),
        lambda: [ticket.is_starting for ticket in TaskQueue().tickets()],
        lambda: why_not_deletable(name),
        waiting_process,
        retention.usage,
        retention.next_to_go,
    ]
    for read in readers:
        with suppress(DigitError):
            read()


def restore(path: Path, content: bytes) -> None:
    """Put a file back, whatever is in its place."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.write_bytes(content)
