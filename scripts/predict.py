"""Recognize digits in image files, or in all files of a folder.

python3 scripts/predict.py form.png photo.jpg
python3 scripts/predict.py --json --run shipped *.png
python3 scripts/predict.py scans --out digits.csv
python3 scripts/predict.py s3://bucket/scans --out digits.parquet --address 10.0.0.5:6379
"""

import environment

environment.enter(__name__)

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from digit_core import DigitError, InvalidImage, Recognizer
from digit_core.cluster.connection import connected
from digit_core.cluster.picture_folders import is_bucket, list_bucket, predict_on_cluster
from digit_core.inference.batch import Row, Task, list_files, predict_files
from digit_core.inference.batch_file import BatchFile
from digit_core.inference.prediction import Number
from digit_core.preprocessing.image_files import FIRST_ONLY, further_pictures, open_picture
from scripts.command_line import run_command

_SAMPLE = 12  # pictures of a folder, of which most have several digits if it is one of numbers


def main() -> int:
    """Predict each file and print the result; returns 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="an image of digits; or one folder, with --out")
    parser.add_argument("--run", help="the run to predict with (default: the active run)")
    parser.add_argument("--json", action="store_true", help="print one JSON object per picture")
    parser.add_argument("--out", type=Path, metavar="FILE", help="with a folder: the .csv or .parquet file to write")
    parser.add_argument(
        "--numbers", action="store_true", help="with a folder: read whole numbers, not the digit in the middle"
    )
    parser.add_argument(
        "--address", help="with a folder: the Ray cluster that predicts, such as 10.0.0.5:6379, auto or local"
    )
    arguments = parser.parse_args()
    recognizer = Recognizer.load(arguments.run)
    if arguments.out or arguments.address or (len(arguments.pictures) == 1 and Path(arguments.pictures[0]).is_dir()):
        return predict_folder(arguments, parser, recognizer)
    failures = 0
    for path in arguments.pictures:
        try:
            lines = recognizer.predict_lines(open_picture(path))
        except DigitError as error:
            failures += 1
            if arguments.json:
                print(json.dumps({"picture": path, "error": str(error)}))
            else:
                print(error if str(error).startswith(path) else f"{path}: {error}", file=sys.stderr)
            continue
        with Path(path).open("rb") as file:
            if more := further_pictures(file):
                print(f"{path}: {FIRST_ONLY[more]}", file=sys.stderr)
        print(json.dumps({"picture": path, **_as_json(lines)}) if arguments.json else f"{path}: {_in_words(lines)}")
    return 1 if failures else 0


def predict_folder(arguments: argparse.Namespace, parser: argparse.ArgumentParser, recognizer: Recognizer) -> int:
    """Write a row for each file of a folder or bucket; goes on where a former call was stopped."""
    (source, *more), out = arguments.pictures, arguments.out
    if more:
        parser.error("--out takes one folder")
    if not (is_bucket(source) or Path(source).is_dir()):
        parser.error(f"there is no folder {source}")
    if out is None or out.suffix.lower() not in (".csv", ".parquet"):
        parser.error("for a folder, name the file to write with --out, ending in .csv or .parquet")
    task = Task(recognizer.run.name, arguments.numbers)
    digest = hashlib.sha256(recognizer.run.model_bytes()).hexdigest()[:16]
    folder, list_all = _pictures(source, out, parser, arguments.address)
    total = sum(1 for _ in list_all())
    if not total:
        raise InvalidImage(f"The folder {source} has no files to predict.")
    if not task.numbers and not is_bucket(source) and _show_several_digits(recognizer, islice(list_all(), _SAMPLE)):
        print(
            "Pictures here show several digits, of which one is predicted. --numbers reads them all.", file=sys.stderr
        )
    with (
        _predicting(source, task, arguments.address) as predict,
        BatchFile(out, task, digest, source if is_bucket(source) else str(Path(source).absolute())) as result,
    ):
        done, failed = result.done, 0
        left = (file for file in list_all() if os.path.relpath(file, folder) not in done)
        with tqdm(total=total, initial=len(done), unit=" pictures", smoothing=0.05, file=sys.stderr) as bar:
            try:
                for rows in predict(left):
                    result.append(rows, folder)
                    failed += sum(bool(row.problem) for row in rows)
                    bar.update(len(rows))
            except KeyboardInterrupt:
                bar.close()
                print(f"Stopped. The same command goes on after {bar.n:,} pictures.", file=sys.stderr)
                return 130
        written = bar.n
        result.finish()
    print(f"{out}: {written:,} rows" + (f", {failed:,} with a problem" if failed else ""))
    return 0


def _show_several_digits(recognizer: Recognizer, files: Iterable[Path]) -> bool:
    """Whether most of the pictures have more than one digit."""
    counts = []
    for file in files:
        try:
            lines = recognizer.predict_lines(open_picture(file))
        except DigitError:
            continue
        counts.append(sum(digit.prediction.is_digit for line in lines for digit in line.digits))
    return sum(count > 1 for count in counts) > len(counts) / 2


def _pictures(
    source: str, out: Path, parser: argparse.ArgumentParser, address: str | None
) -> tuple[Path | str, Callable[[], Iterator[Path | str]]]:
    """The folder that the rows' paths are relative to, and a function that lists its files, but not those of `out`."""
    if not is_bucket(source):

        def list_folder() -> Iterator[Path]:
            own = {path.absolute() for path in (out, *out.parent.glob(f"{out.name}.*"))}
            return (file for file in list_files(Path(source)) if file.absolute() not in own)

        return Path(source), list_folder
    if not address:
        parser.error("a bucket takes --address: a Ray cluster, or local for this machine")
    root, files = list_bucket(source)
    return root, lambda: iter(files)


@contextmanager
def _predicting(
    source: str, task: Task, address: str | None
) -> Iterator[Callable[[Iterable[Path | str]], Iterator[list[Row]]]]:
    """A function that predicts files: on this machine, or on a cluster, which is left at the end."""
    if address is None:
        yield lambda files: predict_files(files, task)
        return
    with connected(address) as cpus:
        yield lambda files: predict_on_cluster(files, task, source, cpus)


def _as_json(lines: Sequence[Number]) -> dict:
    digits = [
        {
            "digit": found.prediction.digit,
            "confidence": round(found.prediction.confidence, 6),
            "is_digit": found.prediction.is_digit,
            "box": list(found.box),
        }
        for line in lines
        for found in line.digits
    ]
    texts = [[number.text for number in line.columns] for line in lines]
    return {"text": _text(lines), "lines": texts, "digits": digits}


def _text(lines: Sequence[Number]) -> str:
    """The numbers of all lines, top to bottom and left to right, with spaces between them as in a folder's table."""
    return " ".join(number.text for line in lines for number in line.columns)


def _in_words(lines: Sequence[Number]) -> str:
    predictions = [found.prediction for line in lines for found in line.digits]
    lowest = min(prediction.confidence for prediction in predictions)
    note = "" if all(prediction.is_digit for prediction in predictions) else "  (not everything looks like a digit)"
    return f"{_text(lines)}  confidence {lowest:.1%}{note}"


if __name__ == "__main__":
    run_command(main)
