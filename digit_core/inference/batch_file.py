"""The file into which the rows of many pictures go: CSV or Parquet, gone on with after a kill.

Rows are appended to a CSV file a chunk at a time. A small file beside it says how many of its bytes
are whole chunks: after a kill the rest is cut off, and no row is lost or doubled.
"""

import csv
import io
import json
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from digit_core.errors import StorageError
from digit_core.inference.batch import Row, Task
from digit_core.storage.files import storage_errors, write_text

COLUMNS = ("path", "text", "confidence", "digit_likeness", "is_digit", "problem", "run", "model")


class BatchFile:
    """Rows of a task in `path`; use it as a context manager, which holds a lock, and call `finish` at the end.

    `model`: the first 16 digits of the SHA-256 of the model that predicts, for the last column; `source`: the
    absolute path of the folder with the pictures, or its URL.

    Raises StorageError if the file cannot be written, is complete, is of another task, or is being written.
    """

    def __init__(self, path: Path, task: Task, model: str, source: str):
        self.path, self._run, self._model = path, task.run, model
        self._is_parquet = path.suffix.lower() == ".parquet"
        self._rows = path.with_name(path.name + ".rows.csv") if self._is_parquet else path
        self._state = path.with_name(path.name + ".unfinished")
        self._task = {"run": task.run, "model": model, "numbers": task.numbers, "folder": source}
        self._lock = FileLock(path.with_name(path.name + ".lock"))

    def __enter__(self) -> Self:
        """Begin the file, or open it where it was left."""
        with storage_errors(self.path):
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                raise StorageError(f"Another command is writing {self.path} at this moment.") from None
            try:
                self._file = self._opened()
            except BaseException:
                self._unlock()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file and release its lock."""
        self._file.close()
        self._unlock()

    def _unlock(self) -> None:
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)

    @property
    def done(self) -> Collection[str]:
        """The paths that have their rows."""
        with self._rows.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            return {row["path"] for row in csv.DictReader(file)}

    def append(self, rows: Sequence[Row], folder: Path | str) -> None:
        """Write a chunk of rows, their paths relative to `folder`."""
        text = io.StringIO(newline="")
        table = csv.writer(text, lineterminator="\n")
        for row in rows:
            table.writerow(
                (
                    os.path.relpath(row.path, folder),
                    row.text,
                    "" if row.confidence is None else f"{row.confidence:.6f}",
                    "" if row.digit_likeness is None else f"{row.digit_likeness:.6f}",
                    "" if row.is_digit is None else str(row.is_digit).lower(),
                    row.problem,
                    self._run,
                    self._model,
                )
            )
        with storage_errors(self.path):
            self._write(text.getvalue().encode("utf-8", "surrogateescape"))

    def finish(self) -> None:
        """Note that the rows are complete; for Parquet, make that file of them."""
        with storage_errors(self.path):
            if self._is_parquet:
                _to_parquet(self._rows, self.path)
                self._rows.unlink()
            self._state.unlink()

    def _opened(self) -> io.BufferedRandom:
        if not self._state.exists():
            if self.path.exists():
                raise StorageError(
                    f"{self.path} exists already and is complete. To predict other pictures, or those added since, "
                    "delete it or name another file."
                )
            self._file = self._rows.open("w+b")
            self._write((",".join(COLUMNS) + "\n").encode())
            return self._file
        try:
            state = json.loads(self._state.read_text("utf-8"))
            size = int(state.pop("bytes"))
        except (OSError, ValueError, KeyError, AttributeError):
            raise StorageError(f"{self._state} is damaged; delete it and {self._rows} to begin anew.") from None
        if state != self._task:
            raise StorageError(
                f"{self.path} was begun with another folder, run or option; delete it and {self._state} to begin anew, "
                "or name another file."
            )
        if not self._rows.exists() or self._rows.stat().st_size < size:
            raise StorageError(f"{self._rows} lacks rows that it had; delete {self._state} to begin anew.")
        file = self._rows.open("r+b")
        file.truncate(size)
        file.seek(size)
        return file

    def _write(self, content: bytes) -> None:
        self._file.write(content)
        self._file.flush()
        os.fsync(self._file.fileno())
        write_text(self._state, json.dumps({**self._task, "bytes": self._file.tell()}))


def _to_parquet(rows: Path, path: Path) -> None:
    """The rows of a CSV file as Parquet, a part at a time."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    types = dict.fromkeys(COLUMNS, pa.string()) | {
        "confidence": pa.float64(),
        "digit_likeness": pa.float64(),
        "is_digit": pa.bool_(),
    }
    part = path.with_name(path.name + ".part")
    options = pyarrow.csv.ConvertOptions(column_types=types)
    reading = pyarrow.csv.ParseOptions(newlines_in_values=True)
    with (
        pyarrow.csv.open_csv(rows, convert_options=options, parse_options=reading) as batches,
        pyarrow.parquet.ParquetWriter(part, batches.schema) as writer,
    ):
        for batch in batches:
            writer.write_batch(batch)
    part.replace(path)
