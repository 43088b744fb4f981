"""Predict the digits in very many picture files: on all cores, in order, in bounded memory.

Worker processes take chunks of paths and return rows. A file that ends its process, because a
decoder crashes or memory runs out, costs that file alone: its chunk is repeated file by file.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import wait
from pathlib import Path

from PIL import Image

from digit_core.errors import DigitError, InvalidImage
from digit_core.inference.prediction import Prediction
from digit_core.inference.recognizer import Recognizer
from digit_core.preprocessing.grayscale import LARGEST
from digit_core.preprocessing.image_files import further_pictures, open_picture
from digit_core.preprocessing.ink import find_ink
from digit_core.preprocessing.stroke_width import normalize_picture

CHUNK = 256  # files that a worker takes at once
_AHEAD = 3  # chunks for each worker that are begun before the first is written
_CRASHED = "The process that read it ended. The file may be damaged or too large."
_MORE_PICTURES = {
    "frames": "The file is an animation; save the picture that is meant by itself.",
    "pages": "The file has several pages; save each of them as a file of its own.",
}

_predict_chunk = None  # in a worker: what its chunks are given to


@dataclass(frozen=True)
class Row:
    """What one file has: its digits as text, the least sure one's confidence and likeness, 0 to 1; or a problem."""

    path: str
    text: str = ""
    confidence: float | None = None
    digit_likeness: float | None = None
    is_digit: bool | None = None
    problem: str = ""


@dataclass(frozen=True)
class Task:
    """What the workers do: with which run, and whether a picture is a whole number or one digit."""

    run: str
    numbers: bool = False


def list_files(folder: Path) -> Iterator[Path]:
    """All files below a folder but hidden ones, each folder's in the order of their names; links to folders are left.

    Raises InvalidImage if the folder cannot be read.
    """
    try:
        with os.scandir(folder) as found:
            entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        raise InvalidImage(f"The folder {folder} cannot be read: {error.strerror}.") from None
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from list_files(Path(entry.path))
        elif not entry.is_dir():
            yield Path(entry.path)


def predict_files(files: Iterable[Path], task: Task, workers: int | None = None) -> Iterator[list[Row]]:
    """Rows for the files, in their order, a chunk at a time; `workers` processes, one for each core by default."""
    workers = workers or os.cpu_count() or 1
    paths = (str(file) for file in files)
    begun: deque[tuple[list[str], Future[list[Row]]]] = deque()
    executor = _executor(task, workers)
    try:
        while True:
            while len(begun) < _AHEAD * workers and (chunk := list(islice(paths, CHUNK))):
                begun.append((chunk, executor.submit(_in_worker, chunk)))
            if not begun:
                executor.shutdown()  # waits for the idle workers: an exit meanwhile would close their pipes
                return
            chunk, future = begun.popleft()
            try:
                rows = future.result()
            except BrokenProcessPool:
                executor.shutdown(cancel_futures=True)
                rows = _one_by_one(chunk, task)
                executor = _executor(task, workers)
                begun = deque((each, _again(each, future, executor)) for each, future in begun)
            yield rows
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def _again(chunk: list[str], future: Future, executor: ProcessPoolExecutor) -> Future:
    """The future itself if it has its rows, else that of another attempt."""
    has_rows = future.done() and not future.cancelled() and future.exception() is None
    return future if has_rows else executor.submit(_in_worker, chunk)


class SingleWorker:
    """One worker process for chunks of files, and a new one after a file that ends it; for a single thread."""

    def __init__(self, task: Task) -> None:
        self._task, self._executor = task, _executor(task, 1)

    def rows(self, paths: Sequence[str]) -> list[Row]:
        """Rows for a chunk of files."""
        try:
            return self._executor.submit(_in_worker, list(paths)).result()
        except BrokenProcessPool:
            self.close()
            rows = _one_by_one(paths, self._task)
            self._executor = _executor(self._task, 1)
            return rows

    def close(self) -> None:
        """End the process."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _one_by_one(chunk: Sequence[str], task: Task) -> list[Row]:
    rows: list[Row] = []
    executor = _executor(task, 1)
    for path in chunk:
        try:
            rows += executor.submit(_in_worker, [path]).result()
        except BrokenProcessPool:
            rows.append(Row(path, problem=_CRASHED))
            executor.shutdown()
            executor = _executor(task, 1)
    executor.shutdown()
    return rows


def _executor(task: Task, workers: int) -> ProcessPoolExecutor:
    # Not forked: LiteRT and OpenCV have threads, which a fork would lose.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(task,))


def _start_worker(task: Task) -> None:
    """Prepare a worker. It leaves Ctrl-C to the process that started it, and ends when that one does."""
    import cv2

    global _predict_chunk
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    recognizer = Recognizer.load(task.run, threads=1)  # there is a worker for each core
    predict = predict_numbers if task.numbers else predict_digits
    _predict_chunk = lambda paths: predict(recognizer, paths)  # noqa: E731


def _end_with_parent() -> None:
    wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


def _in_worker(paths: list[str]) -> list[Row]:
    return _predict_chunk(paths)


def predict_digits(recognizer: Recognizer, paths: Sequence[str]) -> list[Row]:
    """A row for each file, taken for a picture of one digit; one call of the network for all."""
    inputs, problems = [], {}
    for path in paths:
        try:
            inputs.append(normalize_picture(find_ink(_open(path), single=True)))
        except DigitError as error:
            problems[path] = str(error)
    predictions = iter(recognizer.predict_pictures(inputs))
    return [
        Row(path, problem=problems[path]) if path in problems else _row(path, [next(predictions)]) for path in paths
    ]


def predict_numbers(recognizer: Recognizer, paths: Sequence[str]) -> list[Row]:
    """A row for each file, taken for a picture of numbers; several are separated by spaces."""
    rows = []
    for path in paths:
        try:
            lines = recognizer.predict_lines(_open(path))
        except DigitError as error:
            rows.append(Row(path, problem=str(error)))
            continue
        predictions = [digit.prediction for line in lines for digit in line.digits]
        rows.append(_row(path, predictions, " ".join(number.text for line in lines for number in line.columns)))
    return rows


def _open(path: str) -> Image.Image:
    if not Path(path).is_file():  # a pipe would block
        raise InvalidImage("This is not a file.")
    try:
        with Path(path).open("rb") as file:
            more = further_pictures(file)
    except OSError as error:
        raise InvalidImage(f"The file cannot be read: {error.strerror}.") from None
    if more:
        raise InvalidImage(_MORE_PICTURES[more])
    return open_picture(path, Path(path).name, enough=LARGEST)


def _row(path: str, predictions: Sequence[Prediction], text: str | None = None) -> Row:
    """The row of a file; of several digits the least sure one counts."""
    return Row(
        path,
        "".join(str(one.digit) for one in predictions) if text is None else text,
        min(one.confidence for one in predictions),
        min(one.digit_likeness for one in predictions),
        all(one.is_digit for one in predictions),
    )
